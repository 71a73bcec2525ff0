"""Who is asking, as the gateway found out."""

from dataclasses import dataclass

from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import ROLE_SCOPES, Role
from shared_lib.contracts.services import ServiceName


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated key, or a browser session that a key opened.

    Attributes:
        caller: what services are told.
        expires_at: seconds since the epoch after which it is no longer good, None for never.
        session_id: the session, when the request came with a cookie.
    """

    caller: Caller
    tenant_name: str
    role: Role
    key_name: str
    expires_at: float | None = None
    session_id: str | None = None


def principal_of_key(
    key_id: str,
    *,
    key_name: str,
    role: Role,
    tenant: str,
    tenant_name: str,
    expires_at: float | None,
    session_id: str | None = None,
) -> Principal:
    """The principal that a key stands for."""
    return Principal(
        caller=Caller(
            issuer=ServiceName.GATEWAY, subject=key_id, tenant=tenant, scopes=ROLE_SCOPES[role]
        ),
        tenant_name=tenant_name,
        role=role,
        key_name=key_name,
        expires_at=expires_at,
        session_id=session_id,
    )
