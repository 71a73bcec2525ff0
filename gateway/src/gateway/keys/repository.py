"""All SQL on keys."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, or_, select, text, update

from gateway.keys.models import KeyRow
from gateway.tenants.models import TenantRow
from shared_lib.contracts.scopes import Role
from shared_lib.db import Repository


class KeyRepository(Repository[KeyRow]):
    """Rows of keys."""

    model = KeyRow

    def with_tenant(self, key_id: str) -> tuple[KeyRow, TenantRow] | None:
        """A key of any tenant and that tenant; only for telling who is asking."""
        query = select(KeyRow, TenantRow).join(TenantRow, TenantRow.id == KeyRow.tenant)
        row = self.session.execute(query.where(KeyRow.id == key_id)).one_or_none()
        return (row[0], row[1]) if row is not None else None

    def lock(self, key_id: str, *, tenant: str) -> KeyRow | None:
        """The tenant's key, held until the unit ends."""
        query = self.of_tenant(tenant).where(KeyRow.id == key_id).with_for_update()
        row: KeyRow | None = self.session.scalar(query)
        return row

    def lock_owners(self, *, now: datetime) -> int:
        """How many owner keys are good, counted under a lock: two cannot be the last at once."""
        query = select(KeyRow.id).where(
            KeyRow.role == Role.OWNER.value,
            KeyRow.revoked_at.is_(None),
            or_(KeyRow.expires_at.is_(None), KeyRow.expires_at > now),
        )
        return len(self.session.scalars(query.order_by(KeyRow.id).with_for_update()).all())

    def lock_table(self) -> None:
        """Let nobody else add keys until the unit ends; SQLite's units do that anyway."""
        if self.session.get_bind().dialect.name == "postgresql":
            self.session.execute(text("LOCK TABLE api_key IN SHARE ROW EXCLUSIVE MODE"))

    def count(self) -> int:
        """All keys of all tenants."""
        return self.session.scalar(select(func.count()).select_from(KeyRow)) or 0

    def touch(self, used: Mapping[str, datetime]) -> None:
        """Write when keys were last used; never moves a time back."""
        for key_id, at in used.items():
            later = or_(KeyRow.last_used_at.is_(None), KeyRow.last_used_at < at)
            self.session.execute(
                update(KeyRow).where(KeyRow.id == key_id, later).values(last_used_at=at)
            )
