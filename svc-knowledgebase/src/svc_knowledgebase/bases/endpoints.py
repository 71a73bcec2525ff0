"""`/v1/knowledge-bases`: bases and their builds."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from shared_lib.contracts.base import Page
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.knowledge import (
    BuildCreate,
    BuildView,
    KnowledgeBaseCreate,
    KnowledgeBaseDeleted,
    KnowledgeBaseView,
    Selection,
    TreeView,
)
from shared_lib.contracts.scopes import Scope
from shared_lib.web import Once, PageQuery, requires
from shared_lib.web.state import service_of, state_of
from svc_knowledgebase.bases.service import Bases, view_base
from svc_knowledgebase.builds.service import Builds

router = APIRouter(prefix="/v1/knowledge-bases", tags=["knowledge bases"])

Reader = Annotated[Caller, Depends(requires(Scope.KNOWLEDGE_READ))]
Writer = Annotated[Caller, Depends(requires(Scope.KNOWLEDGE_WRITE))]
Globs = Annotated[list[str] | None, Query(max_length=1000, description="Instead of the base's.")]


def _bases(request: Request) -> Bases:
    bases: Bases = service_of(request, Bases)
    return bases


def _builds(request: Request) -> Builds:
    builds: Builds = service_of(request, Builds)
    return builds


Service = Annotated[Bases, Depends(_bases)]
BuildService = Annotated[Builds, Depends(_builds)]


@router.post("", status_code=201, response_model=KnowledgeBaseView)
def create_base(body: KnowledgeBaseCreate, caller: Writer, bases: Service, once: Once) -> Response:
    """Make a knowledge base of a dataset's documents; nothing is read before its first build."""
    return once.run(
        lambda unit: bases.create(unit, tenant=caller.tenant, body=body),
        location=lambda base: f"/v1/knowledge-bases/{base.id}",
    )


@router.get("")
def list_bases(
    request: Request, *, caller: Reader, bases: Service, page: PageQuery
) -> Page[KnowledgeBaseView]:
    """Your knowledge bases, newest first."""
    with state_of(request).runtime.database.read() as view:
        found = bases.page(view, tenant=caller.tenant, limit=page.limit, cursor=page.cursor)
    return Page(items=found.rows, next=found.next)


@router.get("/{base}")
def read_base(request: Request, base: str, caller: Reader, bases: Service) -> KnowledgeBaseView:
    """One knowledge base, by its id or name, and the build that is searched."""
    with state_of(request).runtime.database.read() as view:
        return view_base(view, bases.find(view, base, tenant=caller.tenant))


@router.delete("/{base}")
def delete_base(
    request: Request,
    *,
    base: str,
    caller: Writer,
    bases: Service,
    dry_run: Annotated[bool, Query(description="Say what would go, and keep it.")] = False,
) -> KnowledgeBaseDeleted:
    """Delete a base and its builds; what is at work for it is cancelled, its dataset stays."""
    with state_of(request).runtime.database.write() as unit:
        return bases.delete(unit, base, tenant=caller.tenant, dry_run=dry_run)


@router.get("/{base}/tree")
def read_tree(
    request: Request,
    *,
    base: str,
    caller: Reader,
    bases: Service,
    include: Globs = None,
    exclude: Globs = None,
) -> TreeView:
    """The folders of the newest version, with counts of what is there and what is selected."""
    chosen = None
    if include is not None or exclude is not None:
        given = {"include": include, "exclude": exclude}
        chosen = Selection.model_validate({k: v for k, v in given.items() if v is not None})
    with state_of(request).runtime.database.read() as view:
        return bases.tree(view, base, tenant=caller.tenant, selection=chosen)


@router.post("/{base}/builds", status_code=202, response_model=BuildView)
def create_build(
    *,
    base: str,
    body: BuildCreate,
    caller: Writer,
    bases: Service,
    builds: BuildService,
    once: Once,
) -> Response:
    """Build now; the job is at `Location`. What is given here is kept for the builds after it."""
    return once.run(
        lambda unit: builds.request(
            unit, base=bases.find(unit, base, tenant=caller.tenant), body=body
        ),
        location=lambda build: f"/v1/jobs/{build.job_id}",
    )


@router.get("/{base}/builds")
def list_builds(
    request: Request,
    *,
    base: str,
    caller: Reader,
    bases: Service,
    builds: BuildService,
    page: PageQuery,
) -> Page[BuildView]:
    """The builds of a base, newest first."""
    with state_of(request).runtime.database.read() as view:
        row = bases.find(view, base, tenant=caller.tenant)
        found = builds.page(view, row, limit=page.limit, cursor=page.cursor)
    return Page(items=found.rows, next=found.next)
