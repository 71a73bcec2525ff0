"""All SQL on the request log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared_lib.db import Repository
from sqlalchemy import delete, insert

from gateway.request_log.models import RequestRow


class RequestRepository(Repository[RequestRow]):
    """Rows of the request log."""

    model = RequestRow

    def add_all(self, rows: Sequence[dict[str, Any]]) -> None:
        """Insert a batch with one statement."""
        self.session.execute(insert(RequestRow.__table__), rows)  # type: ignore[arg-type]  # a mapped class's table is typed as any selectable

    def forget(self, *, before: datetime) -> None:
        """Drop entries older than that."""
        self.session.execute(delete(RequestRow).where(RequestRow.at < before))
