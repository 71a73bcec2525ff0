"""`/v1/tables/{id}/appends`, `…/compactions`, `…/changes`, `…/diff`: versions that grow."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from shared_lib.contracts.base import Page
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.contracts.versions import AppendCreate, TableChangeView, TableDiff
from shared_lib.web import Once, PageQuery, requires
from shared_lib.web.state import service_of, state_of
from svc_parquet.versions.differences import Differences
from svc_parquet.versions.service import TableChanges

router = APIRouter(prefix="/v1/tables", tags=["versions of tables"])

Reader = Annotated[Caller, Depends(requires(Scope.TABLES_READ))]
Writer = Annotated[Caller, Depends(requires(Scope.TABLES_WRITE))]


def _changes(request: Request) -> TableChanges:
    changes: TableChanges = service_of(request, TableChanges)
    return changes


Service = Annotated[TableChanges, Depends(_changes)]


@router.post("/{table_id}/appends", status_code=202, response_model=TableChangeView)
def append_rows(
    table_id: str, body: AppendCreate, caller: Writer, changes: Service, once: Once
) -> Response:
    """Make the next version: these rows and behind them those of another version."""
    return once.run(
        lambda unit: changes.append(unit, table_id, tenant=caller.tenant, body=body),
        location=lambda answer: f"/v1/jobs/{answer.job_id}",
    )


@router.post("/{table_id}/compactions", status_code=202, response_model=TableChangeView)
def compact_table(table_id: str, caller: Writer, changes: Service, once: Once) -> Response:
    """Make the next version: the same rows in as few files as can be."""
    return once.run(
        lambda unit: changes.compact(unit, table_id, tenant=caller.tenant),
        location=lambda answer: f"/v1/jobs/{answer.job_id}",
    )


@router.get("/{table_id}/changes")
def list_changes(
    request: Request, *, table_id: str, caller: Reader, changes: Service, page: PageQuery
) -> Page[TableChangeView]:
    """Appends and compactions of a table, newest first."""
    with state_of(request).runtime.database.read() as view:
        found = changes.page(
            view, table_id, tenant=caller.tenant, limit=page.limit, cursor=page.cursor
        )
    return Page(items=found.rows, next=found.next)


@router.get("/{table_id}/changes/{change_id}")
def read_change(
    request: Request, *, table_id: str, change_id: str, caller: Reader, changes: Service
) -> TableChangeView:
    """One append or compaction: how its columns evolved, which files it shares, or its error."""
    with state_of(request).runtime.database.read() as view:
        return changes.read(view, change_id, table_id=table_id, tenant=caller.tenant)


@router.get("/{table_id}/diff")
def diff_versions(
    request: Request,
    *,
    table_id: str,
    caller: Reader,
    before: Annotated[int, Query(ge=1, description="The number of a version.")],
    after: Annotated[int, Query(ge=1, description="The number of another.")],
    key: Annotated[
        list[str],
        Query(description="A column that names a row; again for each. Left out: by content."),
    ] = [],  # noqa: B006 - FastAPI copies it
) -> TableDiff:
    """What differs between two versions: columns, rows by key or content, statistics."""
    differences: Differences = service_of(request, Differences)
    return differences.read(table_id, tenant=caller.tenant, before=before, after=after, key=key)
