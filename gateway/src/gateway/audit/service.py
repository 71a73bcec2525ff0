"""Writing the audit trail, in the transaction of what it tells of."""

from dataclasses import dataclass

from gateway.audit.models import AuditRow
from gateway.audit.repository import AuditRepository
from gateway.audit.schemas import AuditEntry
from shared_lib.contracts.base import utc_now
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.db.engine import WriteUnit


@dataclass(frozen=True)
class Actor:
    """Who does something, from where, in which request."""

    subject: str
    tenant: str
    client: str = ""
    request_id: str = ""


class Audit:
    """The audit trail."""

    def record(
        self, unit: WriteUnit, action: str, *, actor: Actor, target: str, **details: str
    ) -> None:
        """Add one entry; it is there exactly when the change is."""
        AuditRepository(unit).add(
            AuditRow(
                id=new_id(IdKind.AUDIT),
                tenant=actor.tenant,
                at=utc_now(),
                action=action,
                subject=actor.subject,
                target=target,
                details=details,
                client=actor.client,
                request_id=actor.request_id,
            )
        )


def view_entry(row: AuditRow) -> AuditEntry:
    """The entry as the API answers it."""
    return AuditEntry(
        id=row.id,
        at=row.at,
        action=row.action,
        subject=row.subject,
        target=row.target,
        details=row.details,
        client=row.client,
        request_id=row.request_id,
    )
