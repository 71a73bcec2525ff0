"""All SQL on the audit trail."""

from gateway.audit.models import AuditRow
from shared_lib.db import KeysetPage, Repository


class AuditRepository(Repository[AuditRow]):
    """Rows of the audit trail."""

    model = AuditRow

    def search(
        self, *, tenant: str, limit: int, cursor: str | None, action: str | None
    ) -> KeysetPage[AuditRow]:
        """A page of the tenant's entries, of one action if it is given."""
        where = (AuditRow.action == action,) if action is not None else ()
        return self.page(tenant=tenant, limit=limit, cursor=cursor, where=where)
