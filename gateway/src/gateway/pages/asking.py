"""What pages are made of: signed-in people, and what the services answer to them."""

from typing import Any

from fastapi import Request

from gateway.access import current_principal, state_of
from gateway.backend import ServiceProblemError
from gateway.pages.errors import require_sign_in
from shared_lib.web.identity import AccessRule


class LeadsToSignIn(AccessRule):
    """For pages: no scope of their own; the services check the user's scopes."""

    async def __call__(self, request: Request) -> None:
        """Let in who is signed in, lead others to /login."""
        require_sign_in(request)


async def ask(request: Request, path: str, **params: str | int | bool) -> Any:
    """What a service answers to the signed-in user."""
    caller = current_principal(request).caller
    return await state_of(request).backend.get_json(caller, path, params=params)


async def ask_unless(
    request: Request, path: str, *, code: str, **params: str | int | bool
) -> tuple[Any, str | None]:
    """What a service answers; or None and the detail of a problem of that code."""
    try:
        return await ask(request, path, **params), None
    except ServiceProblemError as error:
        if error.answered.code != code:
            raise
        return None, error.answered.detail


async def ask_many(request: Request, path: str, params: list[tuple[str, str]]) -> Any:
    """As `ask`, with names that come several times."""
    caller = current_principal(request).caller
    return await state_of(request).backend.get_json(caller, path, params=params)


async def send(request: Request, path: str, *, body: Any) -> Any:
    """What a service answers when the signed-in user has it do something."""
    caller = current_principal(request).caller
    return await state_of(request).backend.post_json(caller, path, body=body)
