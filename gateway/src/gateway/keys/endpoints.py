"""`/v1/keys` and `/v1/whoami`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from gateway.access import SignedIn, actor_of, requires, state_of
from gateway.keys.errors import KeyShownBeforeError
from gateway.keys.service import view_key
from gateway.replay import IdempotencyKey, Replay
from shared_lib.contracts.access import KeyCreate, KeyCreated, KeyView, WhoAmI
from shared_lib.contracts.base import Page
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.web.pagination import PageQuery, page_of

router = APIRouter(tags=["keys"])

Reader = Annotated[Caller, Depends(requires(Scope.KEYS_READ))]
Writer = Annotated[Caller, Depends(requires(Scope.KEYS_WRITE))]
OfTenant = Annotated[
    str | None, Query(description="Name or id of another tenant; for owners only.")
]


@router.post("/v1/keys", status_code=201)
def create_key(
    request: Request,
    response: Response,
    *,
    body: KeyCreate,
    caller: Writer,
    idempotency_key: IdempotencyKey = None,
) -> KeyCreated:
    """Make a key. Its secret is in this answer and nowhere else."""
    state = state_of(request)
    replay = Replay(request, caller=caller, key=idempotency_key, body=body)
    with state.database.write() as unit:
        before = replay.find(unit)
        if before is not None:
            raise KeyShownBeforeError(
                f"An earlier request made key {before['id']} and was shown its secret. If it got "
                "lost, revoke that key and make another one.",
                key_id=before["id"],
            )
        row, secret = state.keys.create(
            unit,
            tenant=state.keys.tenant_for(unit, caller, named=body.tenant),
            name=body.name,
            role=body.role,
            actor=actor_of(request, caller),
            grantor=caller.scopes,
            expires_at=body.expires_at,
        )
        view = view_key(row)
        replay.keep(unit, view)
    response.headers["Location"] = f"/v1/keys/{view.id}"
    response.headers["Cache-Control"] = "no-store"
    return KeyCreated(key=view, secret=secret)


@router.get("/v1/keys")
def list_keys(
    request: Request, *, caller: Reader, page: PageQuery, tenant: OfTenant = None
) -> Page[KeyView]:
    """The keys of your tenant, newest first, revoked ones too."""
    state = state_of(request)
    with state.database.read() as view:
        found = state.keys.page(
            view,
            tenant=state.keys.tenant_for(view, caller, named=tenant),
            limit=page.limit,
            cursor=page.cursor,
        )
        return page_of(found, view_key)


@router.get("/v1/keys/{key_id}")
def read_key(request: Request, *, key_id: str, caller: Reader, tenant: OfTenant = None) -> KeyView:
    """One key."""
    state = state_of(request)
    with state.database.read() as view:
        whose = state.keys.tenant_for(view, caller, named=tenant)
        return view_key(state.keys.read(view, key_id, tenant=whose))


@router.delete("/v1/keys/{key_id}")
def revoke_key(
    request: Request, *, key_id: str, caller: Writer, tenant: OfTenant = None
) -> KeyView:
    """Revoke a key: here at once, in every gateway process within five seconds."""
    state = state_of(request)
    with state.database.write() as unit:
        row = state.keys.revoke(
            unit,
            key_id,
            tenant=state.keys.tenant_for(unit, caller, named=tenant),
            actor=actor_of(request, caller),
            grantor=caller.scopes,
        )
        return view_key(row)


@router.get("/v1/whoami")
async def who_am_i(principal: SignedIn) -> WhoAmI:
    """What your key or session says."""
    caller = principal.caller
    return WhoAmI(
        subject=caller.subject,
        tenant=caller.tenant,
        tenant_name=principal.tenant_name,
        role=principal.role,
        scopes=sorted(caller.scopes),
    )
