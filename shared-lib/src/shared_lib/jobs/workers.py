"""Which supervisors work for a service: each leaves a row and says now and then that it lives."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from shared_lib.contracts.base import utc_now
from shared_lib.db.engine import ReadView
from shared_lib.jobs.models import WorkerRow

SEEN_EVERY_S = 15.0
AWAY_S = 60.0
FORGOTTEN_S = 24 * 3600.0


class WorkerRepository:
    """Rows of workers. They belong to the installation, so no query is filtered by tenant."""

    def __init__(self, view: ReadView) -> None:
        self._session = view.session

    def seen(self, worker: str, *, started_at: datetime) -> None:
        """Note that the worker lives, and forget those that have not for a day."""
        now = utc_now()
        self._session.merge(WorkerRow(id=worker, started_at=started_at, seen_at=now))
        self._session.execute(
            delete(WorkerRow).where(WorkerRow.seen_at < now - timedelta(seconds=FORGOTTEN_S))
        )

    def gone(self, worker: str) -> None:
        """Forget a worker that ends in order."""
        self._session.execute(delete(WorkerRow).where(WorkerRow.id == worker))

    def count(self) -> int:
        """How many were seen within the last minute."""
        since = utc_now() - timedelta(seconds=AWAY_S)
        query = select(func.count()).select_from(WorkerRow).where(WorkerRow.seen_at >= since)
        return self._session.scalar(query) or 0
