"""`/v1/tenants`: for owners."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from gateway.access import actor_of, requires, state_of
from gateway.replay import IdempotencyKey, Replay
from gateway.tenants.repository import TenantRepository
from gateway.tenants.service import view_tenant
from shared_lib.contracts.access import TenantCreate, TenantView
from shared_lib.contracts.base import Page
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.web.pagination import PageQuery, page_of

router = APIRouter(prefix="/v1/tenants", tags=["tenants"])

Reader = Depends(requires(Scope.TENANTS_READ))
Writer = Annotated[Caller, Depends(requires(Scope.TENANTS_WRITE))]


@router.post("", status_code=201)
def create_tenant(
    request: Request,
    response: Response,
    *,
    body: TenantCreate,
    caller: Writer,
    idempotency_key: IdempotencyKey = None,
) -> TenantView:
    """Make a tenant."""
    state = state_of(request)
    replay = Replay(request, caller=caller, key=idempotency_key, body=body)
    with state.database.write() as unit:
        before = replay.find(unit)
        if before is not None:
            return TenantView.model_validate(before)
        row = state.tenants.create(unit, name=body.name, actor=actor_of(request, caller))
        view = view_tenant(row)
        replay.keep(unit, view)
    response.headers["Location"] = f"/v1/tenants/{view.id}"
    return view


@router.get("", dependencies=[Reader])
def list_tenants(request: Request, *, page: PageQuery) -> Page[TenantView]:
    """All tenants, newest first."""
    with state_of(request).database.read() as view:
        found = TenantRepository(view).page(limit=page.limit, cursor=page.cursor)
        return page_of(found, view_tenant)


@router.get("/{tenant}", dependencies=[Reader])
def read_tenant(request: Request, *, tenant: str) -> TenantView:
    """One tenant, by name or id."""
    state = state_of(request)
    with state.database.read() as view:
        return view_tenant(state.tenants.read(view, tenant))
