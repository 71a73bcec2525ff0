"""The base of all repositories: every query is filtered by tenant, and only they hold SQL."""

from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from shared_lib.db.engine import ReadView
from shared_lib.db.pages import KeysetPage, read_page

RowT = TypeVar("RowT")


class Repository(Generic[RowT]):
    """Rows of one table that carry `id` and `tenant`.

    A missing row and another tenant's row are the same to a caller: `find` returns None.
    """

    model: ClassVar[type[Any]]

    def __init__(self, view: ReadView) -> None:
        self.session: Session = view.session

    def add(self, row: RowT) -> RowT:
        """Insert `row` now, so that constraints speak here and not at the commit."""
        self.session.add(row)
        self.session.flush()
        return row

    def find(self, row_id: str, *, tenant: str) -> RowT | None:
        """The row with that id, if it belongs to `tenant`."""
        row: RowT | None = self.session.scalar(
            self.of_tenant(tenant).where(self.model.id == row_id)
        )
        return row

    def of_tenant(self, tenant: str) -> Select[Any]:
        """A query over the tenant's rows."""
        return select(self.model).where(self.model.tenant == tenant)

    def page(
        self,
        *,
        tenant: str,
        limit: int,
        cursor: str | None,
        where: tuple[ColumnElement[bool], ...] = (),
    ) -> KeysetPage[RowT]:
        """One page of the tenant's rows, newest first."""
        key: InstrumentedAttribute[str] = self.model.id
        return read_page(
            self.session,
            query=self.of_tenant(tenant).where(*where),
            key=key,
            limit=limit,
            cursor=cursor,
        )
