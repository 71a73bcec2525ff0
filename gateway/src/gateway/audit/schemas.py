"""The audit trail as the API answers it."""

from shared_lib.contracts.base import Contract, UtcTime


class AuditEntry(Contract):
    """One thing that somebody did: `key.created`, `key.revoked`, `tenant.created`, `sign_in`…"""

    id: str
    at: UtcTime
    action: str
    subject: str
    target: str
    details: dict[str, str]
    client: str
    request_id: str
