"""Who may use which of the gateway's own routes.

The dispatcher has told who asks before FastAPI sees the request; these dependencies read it from
`request.state`. A page asks `signed_in(request)`; an API route declares `Depends(requires(...))`.
"""

from typing import Annotated

from fastapi import Depends, Request

from gateway.audit.service import Actor
from gateway.dispatcher.errors import CredentialsMissingError
from gateway.principal import Principal
from gateway.state import GatewayState
from shared_lib.contracts.errors import FleetError
from shared_lib.contracts.identity import Caller
from shared_lib.web.identity import AccessRule, MissingScopeError, Requires


class GatewayRequires(Requires):
    """A route's scope, checked against the principal that the dispatcher found."""

    async def __call__(self, request: Request) -> Caller:
        """The caller, who has the scope."""
        caller = current_principal(request).caller
        if self.scope not in caller.scopes:
            raise MissingScopeError(
                f"This needs the scope `{self.scope}`. Ask an admin of your tenant for a key "
                "whose role has it.",
                scope=self.scope.value,
            )
        return caller


requires = GatewayRequires


def signed_in(request: Request) -> Principal | None:
    """Who is signed in, None when nobody is; for pages that then lead to /login."""
    principal: Principal | None = getattr(request.state, "principal", None)
    return principal


def current_principal(request: Request) -> Principal:
    """Who is signed in.

    Raises:
        UnauthenticatedError: nobody is; says what was wrong with the key or the session.
    """
    principal = signed_in(request)
    if principal is not None:
        return principal
    refusal: FleetError | None = getattr(request.state, "refusal", None)
    raise refusal or CredentialsMissingError(
        "Send a key as `Authorization: Bearer fleet_…`, or sign in at /login."
    )


class NeedsSignIn(AccessRule):
    """For routes that anybody with a good key may use, whatever its scopes."""

    async def __call__(self, request: Request) -> Principal:
        """Who is signed in."""
        return current_principal(request)


needs_sign_in = NeedsSignIn()
SignedIn = Annotated[Principal, Depends(needs_sign_in)]


def state_of(request: Request) -> GatewayState:
    """What the gateway's app carries along."""
    state: GatewayState = request.app.state.gateway
    return state


def actor_of(request: Request, caller: Caller) -> Actor:
    """Who acts, for the audit trail."""
    return Actor(
        subject=caller.subject,
        tenant=caller.tenant,
        client=request.state.client,
        request_id=request.state.request_id,
    )
