"""All SQL on sessions."""

from datetime import datetime

from sqlalchemy import delete, select

from gateway.keys.models import KeyRow
from gateway.sessions.models import SessionRow
from gateway.tenants.models import TenantRow
from shared_lib.db.engine import ReadView


class SessionRepository:
    """Rows of sessions; they are found by their digest alone, so no tenant filters them."""

    def __init__(self, view: ReadView) -> None:
        self.session = view.session

    def add(self, row: SessionRow) -> None:
        """Insert the row now."""
        self.session.add(row)
        self.session.flush()

    def find(self, session_id: str) -> SessionRow | None:
        """The session with that id."""
        return self.session.get(SessionRow, session_id)

    def with_key(self, digest: bytes) -> tuple[SessionRow, KeyRow, TenantRow] | None:
        """The session with that digest, the key that opened it, and its tenant."""
        query = (
            select(SessionRow, KeyRow, TenantRow)
            .join(KeyRow, KeyRow.id == SessionRow.key_id)
            .join(TenantRow, TenantRow.id == KeyRow.tenant)
            .where(SessionRow.digest == digest)
        )
        row = self.session.execute(query).one_or_none()
        return (row[0], row[1], row[2]) if row is not None else None

    def forget_expired(self, *, before: datetime) -> None:
        """Drop sessions that ended before that time."""
        self.session.execute(delete(SessionRow).where(SessionRow.expires_at < before))
