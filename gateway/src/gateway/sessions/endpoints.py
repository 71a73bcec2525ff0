"""`/v1/sessions`: sign in with a key, sign out."""

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response

from gateway.access import needs_sign_in, signed_in, state_of
from gateway.keys.endpoints import who_am_i
from gateway.sessions.schemas import SessionCreate
from gateway.sessions.service import clear_cookie, set_cookie
from shared_lib.contracts.access import WhoAmI
from shared_lib.web.identity import needs_nothing

router = APIRouter(prefix="/v1/sessions", tags=["sessions"])


async def open_session(request: Request, response: Response, *, key: str) -> WhoAmI:
    """Check a key and put a session's cookie on `response`; the page at /login uses it too.

    Raises:
        UnauthenticatedError: the key is not good; its subclass says why.
    """
    state = state_of(request)
    principal = await state.authenticator.find(
        authorization=b"Bearer " + key.strip().encode("utf-8", "replace"), cookie=None
    )
    value = await to_thread.run_sync(
        lambda: state.sessions.sign_in(
            principal, client=request.state.client, request_id=request.state.request_id
        )
    )
    set_cookie(response, value, secure=request.scope["scheme"] == "https")
    return await who_am_i(principal)


async def close_session(request: Request, response: Response) -> None:
    """End the session that the request came with, and take its cookie away."""
    principal = signed_in(request)
    if principal is not None:
        await to_thread.run_sync(
            lambda: state_of(request).sessions.sign_out(
                principal, client=request.state.client, request_id=request.state.request_id
            )
        )
    clear_cookie(response, secure=request.scope["scheme"] == "https")


@router.post("", status_code=201, dependencies=[Depends(needs_nothing)])
async def sign_in(request: Request, response: Response, *, body: SessionCreate) -> WhoAmI:
    """Sign in with a key: the answer sets the session's cookie for twelve hours."""
    response.headers["Cache-Control"] = "no-store"
    return await open_session(request, response, key=body.key)


@router.delete("/current", status_code=204, dependencies=[Depends(needs_sign_in)])
async def sign_out(request: Request, response: Response) -> None:
    """End this session."""
    await close_session(request, response)
