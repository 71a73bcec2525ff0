"""`/v1/suites`: what must hold of a dataset's tables."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from shared_lib.contracts.base import Page
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.quality import (
    ReferenceSet,
    SuiteCreate,
    SuiteInfer,
    SuiteInferred,
    SuiteView,
)
from shared_lib.contracts.scopes import Scope
from shared_lib.web import Once, PageQuery, requires
from shared_lib.web.state import service_of, state_of
from svc_quality.suites.service import Suites

router = APIRouter(prefix="/v1/suites", tags=["suites"])

Reader = Annotated[Caller, Depends(requires(Scope.QUALITY_READ))]
Writer = Annotated[Caller, Depends(requires(Scope.QUALITY_WRITE))]


def _suites(request: Request) -> Suites:
    suites: Suites = service_of(request, Suites)
    return suites


Service = Annotated[Suites, Depends(_suites)]


@router.post("", status_code=201, response_model=SuiteView)
def create_suite(body: SuiteCreate, caller: Writer, suites: Service, once: Once) -> Response:
    """The first or next version of a suite; the newest tables of the dataset are judged by it."""
    return once.run(
        lambda unit: suites.create(unit, tenant=caller.tenant, body=body),
        location=lambda answer: f"/v1/suites/{answer.id}",
    )


@router.post("/infer", status_code=202, response_model=SuiteInferred)
def infer_suite(body: SuiteInfer, caller: Writer, suites: Service, once: Once) -> Response:
    """A suite made of a good table version, as a job; its result names the suite."""
    return once.run(
        lambda unit: suites.infer(unit, tenant=caller.tenant, body=body),
        location=lambda answer: f"/v1/jobs/{answer.job_id}",
    )


@router.get("")
def list_suites(
    request: Request,
    *,
    caller: Reader,
    suites: Service,
    page: PageQuery,
    dataset: Annotated[str | None, Query(description="Name of a dataset.")] = None,
) -> Page[SuiteView]:
    """Your suites, newest first."""
    with state_of(request).runtime.database.read() as view:
        found = suites.page(
            view, tenant=caller.tenant, limit=page.limit, cursor=page.cursor, dataset=dataset
        )
    return Page(items=found.rows, next=found.next)


@router.get("/{suite_id}")
def read_suite(request: Request, *, suite_id: str, caller: Reader, suites: Service) -> SuiteView:
    """One suite in its newest version."""
    with state_of(request).runtime.database.read() as view:
        return suites.read(view, suite_id, tenant=caller.tenant)


@router.put("/{suite_id}/reference", response_model=SuiteView)
def set_reference(
    suite_id: str, body: ReferenceSet, caller: Writer, suites: Service, once: Once
) -> Response:
    """Measure drift against another version of the table from now on."""
    return once.run(
        lambda unit: suites.set_reference(
            unit, suite_id, tenant=caller.tenant, table_version=body.table_version
        )
    )
