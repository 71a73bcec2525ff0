"""All SQL on the audit trail."""

from shared_lib.db import Repository

from gateway.audit.models import AuditRow


class AuditRepository(Repository[AuditRow]):
    """Rows of the audit trail."""

    model = AuditRow
