"""What the gateway itself answers: tenants, keys, the request log."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared_lib.contracts.base import Contract, UtcTime
from shared_lib.contracts.scopes import Role, Scope

ShortName = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class TenantCreate(Contract):
    """The body of `POST /v1/tenants`."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class TenantView(Contract):
    """A tenant: whose data it is."""

    id: str
    name: str
    created_at: UtcTime


class KeyCreate(Contract):
    """The body of `POST /v1/keys`. Only an owner may name another tenant."""

    name: ShortName
    role: Role = Role.EDITOR
    tenant: str | None = Field(default=None, description="Name or id; yours when left out.")
    expires_at: UtcTime | None = None


class KeyView(Contract):
    """A key without its secret."""

    id: str
    name: str
    tenant: str
    role: Role
    scopes: list[Scope]
    created_at: UtcTime
    expires_at: UtcTime | None = None
    revoked_at: UtcTime | None = None
    last_used_at: UtcTime | None = None


class KeyCreated(Contract):
    """A new key. `secret` is shown this once and stored only as an HMAC."""

    key: KeyView
    secret: str


class WhoAmI(Contract):
    """`GET /v1/whoami`: what the caller's key says."""

    subject: str
    tenant: str
    tenant_name: str
    role: Role
    scopes: list[Scope]


class RequestLogEntry(Contract):
    """One request as the gateway saw it."""

    id: str
    at: UtcTime
    tenant: str | None
    subject: str | None
    method: str
    path: str
    service: str
    status: int
    bytes_in: int
    bytes_out: int
    duration_ms: float
    client: str
    trace_id: str
    error_code: str | None = None
