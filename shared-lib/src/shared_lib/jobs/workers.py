"""Which supervisors work for a service: each leaves a row and says now and then that it lives."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.jobs import JobState
from shared_lib.db.engine import ReadView
from shared_lib.jobs.kinds import JobKind
from shared_lib.jobs.models import JobRow, WorkerRow

SEEN_EVERY_S = 15.0
AWAY_S = 60.0
FORGOTTEN_S = 24 * 3600.0


class WorkerRepository:
    """Rows of workers. They belong to the installation, so no query is filtered by tenant."""

    def __init__(self, view: ReadView) -> None:
        self._session = view.session

    def seen(self, worker: str, *, started_at: datetime, gpus: Sequence[str]) -> None:
        """Note that the worker lives, and forget those that have not for a day."""
        now = utc_now()
        row = WorkerRow(id=worker, started_at=started_at, seen_at=now, gpus=list(gpus))
        self._session.merge(row)
        self._session.execute(
            delete(WorkerRow).where(WorkerRow.seen_at < now - timedelta(seconds=FORGOTTEN_S))
        )

    def gone(self, worker: str) -> None:
        """Forget a worker that ends in order."""
        self._session.execute(delete(WorkerRow).where(WorkerRow.id == worker))

    def count(self) -> int:
        """How many were seen within the last minute."""
        query = select(func.count()).select_from(WorkerRow).where(_present())
        return self._session.scalar(query) or 0

    def gpus(self) -> list[str]:
        """The names of the GPUs of all workers seen within the last minute; one line a GPU."""
        rows = self._session.scalars(select(WorkerRow.gpus).where(_present()))
        return sorted(name for gpus in rows for name in gpus or ())


def waits_for(view: ReadView, job: JobRow, *, kinds: Mapping[str, JobKind]) -> str | None:
    """What a queued job waits for that not every worker has; None when any of them can take it."""
    kind = kinds.get(job.kind)
    if kind is None or job.state != JobState.QUEUED or job.queue != kind.gpu_queue:
        return None
    gpus = WorkerRepository(view).gpus()
    if not gpus:
        return (
            "a GPU worker; none has been seen. Start one where there is a GPU, or ask for no GPU."
        )
    return f"a free GPU; the workers have {len(gpus)}: {', '.join(gpus)}."


def _present() -> ColumnElement[bool]:
    return WorkerRow.seen_at >= utc_now() - timedelta(seconds=AWAY_S)
