"""Authorisation: every route declares its scope, or that it needs none, or that it is internal."""

from typing import Annotated

from fastapi import Depends, Request

from shared_lib.contracts.errors import ForbiddenError
from shared_lib.contracts.identity import IDENTITY_HEADER, Caller
from shared_lib.contracts.internal import may_call
from shared_lib.contracts.scopes import Scope
from shared_lib.contracts.services import ServiceName
from shared_lib.web.state import state_of


class MissingScopeError(ForbiddenError):
    """The key is good and does not carry the right."""

    code = "missing_scope"
    title = "The key may not do this"


class NotForThisCallerError(ForbiddenError):
    """The route is for other members of the fleet."""

    code = "not_for_this_caller"
    title = "Not for this caller"


class AccessRule:
    """What a route asks of its caller. Every route declares one as a dependency."""


class Requires(AccessRule):
    """The dependency behind `requires`; a test finds it on every route."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(self, request: Request) -> Caller:
        """The verified caller, who has the scope."""
        caller = verified_caller(request)
        if caller.issuer != ServiceName.GATEWAY:
            raise NotForThisCallerError("Public routes are called through the gateway.")
        if self.scope not in caller.scopes:
            raise MissingScopeError(
                f"This needs the scope `{self.scope}`. Ask an admin of your tenant for a key "
                "whose role has it.",
                scope=self.scope.value,
            )
        return caller


class RequiresService(AccessRule):
    """For `/internal` routes: another service, and only one that the contracts allow."""

    async def __call__(self, request: Request) -> Caller:
        """The verified service."""
        caller = verified_caller(request)
        target = state_of(request).runtime.name
        # In its own name: what the gateway signs for its users opens nothing here.
        own = caller.subject == caller.issuer
        if not own or not may_call(caller.issuer, target=target, path=request.url.path):
            raise NotForThisCallerError(f"{caller.issuer} may not call {request.url.path} here.")
        return caller


class NeedsNothing(AccessRule):
    """For health, metrics and the OpenAPI document."""

    async def __call__(self) -> None:
        """Let everybody in."""


def verified_caller(request: Request) -> Caller:
    """Who signed the request's identity token; verified once a request.

    Raises:
        UnauthenticatedError: no token, or not one to be believed.
    """
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        caller = state_of(request).verifier.verify(request.headers.get(IDENTITY_HEADER, ""))
        request.state.caller = caller
    return caller


def requires(scope: Scope) -> Requires:
    """Declare the scope of a route: `Annotated[Caller, Depends(requires(Scope.X))]`."""
    return Requires(scope)


needs_nothing = NeedsNothing()
requires_service = RequiresService()


async def _caller(request: Request) -> Caller:
    return verified_caller(request)


CurrentCaller = Annotated[Caller, Depends(_caller)]
"""The caller, on a route whose scope is declared in its `dependencies`."""
