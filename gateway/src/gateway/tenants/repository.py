"""All SQL on tenants."""

from sqlalchemy import or_, select

from gateway.tenants.models import TenantRow
from shared_lib.db.engine import ReadView
from shared_lib.db.pages import KeysetPage, read_page


class TenantRepository:
    """Rows of tenants. They belong to the installation, so no query is filtered by tenant."""

    def __init__(self, view: ReadView) -> None:
        self.session = view.session

    def add(self, row: TenantRow) -> TenantRow:
        """Insert the row now."""
        self.session.add(row)
        self.session.flush()
        return row

    def find(self, name_or_id: str) -> TenantRow | None:
        """The tenant with that name or id."""
        query = select(TenantRow).where(
            or_(TenantRow.name == name_or_id, TenantRow.id == name_or_id)
        )
        return self.session.scalar(query)

    def page(self, *, limit: int, cursor: str | None) -> KeysetPage[TenantRow]:
        """One page, newest first."""
        return read_page(
            self.session, query=select(TenantRow), key=TenantRow.id, limit=limit, cursor=cursor
        )
