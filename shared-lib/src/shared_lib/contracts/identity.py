"""Who is asking, as one service tells it to another."""

from shared_lib.contracts.base import Contract
from shared_lib.contracts.scopes import Scope

IDENTITY_HEADER = "x-fleet-identity"
"""Carries the identity token. The whole `x-fleet-` family is stripped from outside requests."""

REQUEST_ID_HEADER = "x-request-id"
TRACE_HEADER = "traceparent"


class Caller(Contract):
    """A verified identity.

    Attributes:
        issuer: the service that signed the token (the gateway for people and programs).
        subject: the principal, such as a key id, or the service's own name.
        tenant: whose data it may touch.
        scopes: what it may do there.
        flow_id: the flow it acts for, when a service calls on its own behalf.
    """

    issuer: str
    subject: str
    tenant: str
    scopes: frozenset[Scope] = frozenset()
    flow_id: str | None = None
