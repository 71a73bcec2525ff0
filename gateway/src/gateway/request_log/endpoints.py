"""`/v1/requests`: what came through the gateway."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from gateway.access import requires, state_of
from gateway.request_log.models import RequestRow
from gateway.request_log.repository import RequestRepository
from shared_lib.contracts.access import RequestLogEntry
from shared_lib.contracts.base import Page
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.web.pagination import PageQuery, page_of

router = APIRouter(prefix="/v1/requests", tags=["requests"])

Reader = Annotated[Caller, Depends(requires(Scope.LOG_READ))]


@router.get("")
def list_requests(
    request: Request,
    *,
    caller: Reader,
    page: PageQuery,
    service: Annotated[str | None, Query(description="Only requests that it answered.")] = None,
    subject: Annotated[str | None, Query(description="Only requests of this key.")] = None,
    request_id: Annotated[str | None, Query(description="Only requests with this id.")] = None,
    min_status: Annotated[int, Query(ge=100, le=599)] = 100,
) -> Page[RequestLogEntry]:
    """The requests of your tenant, newest first; they appear about a second after their end."""
    with state_of(request).database.read() as view:
        found = RequestRepository(view).search(
            tenant=caller.tenant,
            limit=page.limit,
            cursor=page.cursor,
            min_status=min_status,
            equal={"service": service, "subject": subject, "request_id": request_id},
        )
        return page_of(found, view_request)


def view_request(row: RequestRow) -> RequestLogEntry:
    """The entry as the API answers it; its id is the request's."""
    return RequestLogEntry(
        id=row.request_id,
        at=row.at,
        tenant=row.tenant,
        subject=row.subject,
        method=row.method,
        path=row.path,
        service=row.service,
        status=row.status,
        bytes_in=row.bytes_in,
        bytes_out=row.bytes_out,
        duration_ms=round(row.duration_ms, 3),
        client=row.client,
        trace_id=row.trace_id,
        error_code=row.error_code,
    )
