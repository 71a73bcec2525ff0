"""All SQL on the request log."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, insert

from gateway.request_log.models import RequestRow
from shared_lib.db import Repository
from shared_lib.db.pages import KeysetPage


class RequestRepository(Repository[RequestRow]):
    """Rows of the request log."""

    model = RequestRow

    def add_all(self, rows: Sequence[dict[str, Any]]) -> None:
        """Insert a batch with one statement."""
        self.session.execute(insert(RequestRow.__table__), rows)  # type: ignore[arg-type]  # a mapped class's table is typed as any selectable

    def forget(self, *, before: str) -> None:
        """Drop entries whose id, which begins with its time, is smaller."""
        self.session.execute(delete(RequestRow).where(RequestRow.id < before))

    def search(
        self,
        *,
        tenant: str,
        limit: int,
        cursor: str | None,
        min_status: int,
        equal: Mapping[str, str | None],
    ) -> KeysetPage[RequestRow]:
        """A page of the tenant's requests; `equal` names columns and values, None for any."""
        where: list[ColumnElement[bool]] = [RequestRow.status >= min_status]
        for name, value in equal.items():
            if value is not None:
                where.append(getattr(RequestRow, name) == value)
        return self.page(tenant=tenant, limit=limit, cursor=cursor, where=tuple(where))
