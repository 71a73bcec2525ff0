"""`/v1/audit`: who changed access in your tenant, and who signed in."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from gateway.access import requires, state_of
from gateway.audit.repository import AuditRepository
from gateway.audit.schemas import AuditEntry
from gateway.audit.service import view_entry
from shared_lib.contracts.base import Page
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.web.pagination import PageQuery, page_of

router = APIRouter(prefix="/v1/audit", tags=["audit"])

Reader = Annotated[Caller, Depends(requires(Scope.LOG_READ))]


@router.get("")
def list_audit(
    request: Request,
    *,
    caller: Reader,
    page: PageQuery,
    action: Annotated[str | None, Query(description="Only this, such as `key.created`.")] = None,
) -> Page[AuditEntry]:
    """The trail of your tenant, newest first."""
    with state_of(request).database.read() as view:
        found = AuditRepository(view).search(
            tenant=caller.tenant, limit=page.limit, cursor=page.cursor, action=action
        )
        return page_of(found, view_entry)
