"""`/v1/conversions`: what was decided about a file, and converting it again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from shared_lib.contracts.base import Page
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.contracts.tables import (
    ConversionCreate,
    ConversionPreview,
    ConversionView,
    QuarantineReplay,
)
from shared_lib.web import Once, PageQuery, requires
from shared_lib.web.state import service_of, state_of
from svc_parquet.conversions.previewing import Previews
from svc_parquet.conversions.service import Conversions

router = APIRouter(prefix="/v1/conversions", tags=["conversions"])

Reader = Annotated[Caller, Depends(requires(Scope.TABLES_READ))]
Writer = Annotated[Caller, Depends(requires(Scope.TABLES_WRITE))]


def _conversions(request: Request) -> Conversions:
    conversions: Conversions = service_of(request, Conversions)
    return conversions


def _previews(request: Request) -> Previews:
    previews: Previews = service_of(request, Previews)
    return previews


Previewer = Annotated[Previews, Depends(_previews)]
Service = Annotated[Conversions, Depends(_conversions)]


@router.post("", status_code=202, response_model=ConversionView)
def create_conversion(
    body: ConversionCreate, caller: Writer, conversions: Service, once: Once
) -> Response:
    """Convert a landed file again, with other options; the job is at `Location`."""
    return once.run(
        lambda unit: conversions.create(unit, tenant=caller.tenant, body=body),
        location=lambda answer: f"/v1/jobs/{answer.job_id}",
    )


@router.post("/{conversion_id}/replay", status_code=202, response_model=ConversionView)
def replay_quarantine(
    conversion_id: str,
    body: QuarantineReplay,
    caller: Writer,
    conversions: Service,
    once: Once,
) -> Response:
    """Put rows of a conversion's quarantine right and convert again; the job is at `Location`."""
    return once.run(
        lambda unit: conversions.replay(unit, conversion_id, tenant=caller.tenant, body=body),
        location=lambda answer: f"/v1/jobs/{answer.job_id}",
    )


@router.post("/preview")
def preview_conversion(
    body: ConversionCreate, caller: Writer, previews: Previewer
) -> ConversionPreview:
    """What a conversion would decide, judged by the first megabyte; nothing is kept."""
    return previews.preview(tenant=caller.tenant, body=body)


@router.get("")
def list_conversions(
    request: Request,
    *,
    caller: Reader,
    conversions: Service,
    page: PageQuery,
    file: Annotated[str | None, Query(description="Id of a landed file.")] = None,
) -> Page[ConversionView]:
    """Your conversions, newest first; the report is in each one's own page."""
    with state_of(request).runtime.database.read() as view:
        found = conversions.page(
            view, tenant=caller.tenant, limit=page.limit, cursor=page.cursor, file_id=file
        )
    return Page(items=found.rows, next=found.next)


@router.get("/{conversion_id}")
def read_conversion(
    request: Request, *, conversion_id: str, caller: Reader, conversions: Service
) -> ConversionView:
    """One conversion: its options, its decisions, its report or its error."""
    with state_of(request).runtime.database.read() as view:
        return conversions.read(view, conversion_id, tenant=caller.tenant)
