"""All SQL on jobs. Every change of a claimed job is a compare-and-set on its fence."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, literal, select, update

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.jobs import JobState
from shared_lib.contracts.status import JobCounts
from shared_lib.db.repository import Repository
from shared_lib.db.types import UtcDateTime
from shared_lib.jobs.kinds import JobKind
from shared_lib.jobs.models import JobEntryRow, JobRow

_FRESH = {"synchronize_session": False, "populate_existing": True}

HELD = (JobState.CLAIMED, JobState.RUNNING, JobState.PUBLISHING)


class JobRepository(Repository[JobRow]):
    """Rows of jobs."""

    model = JobRow

    def get(self, job_id: str) -> JobRow | None:
        """A job of any tenant, for the supervisor and the job's own child."""
        return self.session.get(JobRow, job_id)

    def lock(self, job_id: str, *, tenant: str) -> JobRow | None:
        """The tenant's job, held against a claim until the unit ends."""
        query = self.of_tenant(tenant).where(JobRow.id == job_id).with_for_update()
        job: JobRow | None = self.session.scalar(query)
        return job

    def lock_held(self, job_id: str, *, fence: int) -> JobRow | None:
        """The job, if this try still holds it, held against a change until the unit ends."""
        query = select(JobRow).where(*_ours(job_id, fence)).with_for_update()
        return self.session.scalar(query)

    def has_claimable(
        self, *, kinds: Mapping[str, JobKind], queues: Collection[str] | None = None
    ) -> bool:
        """Whether a claim would find something; a read, so that polling takes no write lock."""
        return self.session.scalar(_claimable(kinds, queues=queues).limit(1)) is not None

    def count_open(self) -> JobCounts:
        """How many wait and how many run, of all tenants, and since when the oldest one waits."""
        queued = JobRow.state == JobState.QUEUED
        query = select(
            func.count().filter(queued),
            func.count().filter(JobRow.state.in_(HELD)),
            func.min(JobRow.run_after).filter(queued),
        ).where(JobRow.state.in_((JobState.QUEUED, *HELD)))
        waiting, running, oldest = self.session.execute(query).one()
        return JobCounts(queued=waiting, running=running, oldest_queued_at=oldest)

    def claim(
        self,
        *,
        kinds: Mapping[str, JobKind],
        worker: str,
        lease_s: float,
        queues: Collection[str] | None = None,
    ) -> JobRow | None:
        """Take the oldest job of these kinds that is due: fence and attempts grow by one.

        Without `queues` it is one that any worker can run.

        One statement. On PostgreSQL it passes over rows that another claim or a cancel holds; on
        SQLite the unit has the write lock.
        """
        now = utc_now()
        oldest = _claimable(kinds, queues=queues).order_by(JobRow.run_after, JobRow.id).limit(1)
        if self.session.get_bind().dialect.name == "postgresql":
            oldest = oldest.with_for_update(skip_locked=True)
        statement = (
            update(JobRow)
            .where(JobRow.id == oldest.scalar_subquery(), JobRow.state == JobState.QUEUED)
            .values(
                state=JobState.CLAIMED,
                fence=JobRow.fence + 1,
                attempts=JobRow.attempts + 1,
                revision=JobRow.revision + 1,
                worker=worker,
                lease_until=now + timedelta(seconds=lease_s),
                started_at=func.coalesce(JobRow.started_at, literal(now, UtcDateTime())),
                changed_at=now,
            )
            .returning(JobRow)
        )
        return self.session.scalar(statement, execution_options=_FRESH)

    def renew(self, job_id: str, *, fence: int, lease_s: float) -> JobRow | None:
        """Extend the lease; None when the job is not ours any more."""
        statement = (
            update(JobRow)
            .where(*_ours(job_id, fence))
            .values(lease_until=utc_now() + timedelta(seconds=lease_s))
            .returning(JobRow)
        )
        return self.session.scalar(statement, execution_options=_FRESH)

    def change(self, job_id: str, *, fence: int, **values: Any) -> JobRow | None:
        """Change a job that we hold; None, and nothing changed, when we do not hold it."""
        statement = (
            update(JobRow)
            .where(*_ours(job_id, fence))
            .values(changed_at=utc_now(), **values)
            .returning(JobRow)
        )
        return self.session.scalar(statement, execution_options=_FRESH)

    def has_expired(self) -> bool:
        """Whether the sweep would find something; a read."""
        return self.session.scalar(_expired().limit(1)) is not None

    def expired(self, *, limit: int) -> list[JobRow]:
        """Held jobs whose lease has run out, locked: a beat that comes now finds them gone."""
        query = _expired().order_by(JobRow.lease_until, JobRow.id).limit(limit)
        return list(self.session.scalars(query.with_for_update(skip_locked=True)))

    def cancel_requested(self, job_ids: Iterable[str]) -> list[str]:
        """Which of these somebody wants to end."""
        query = select(JobRow.id).where(JobRow.id.in_(list(job_ids)), JobRow.cancel_requested)
        return list(self.session.scalars(query))

    def add_entry(self, job_id: str, *, name: str, data: dict[str, Any]) -> None:
        """Append to the job's story, in a unit that has changed the job before.

        The change holds the job's row, so entries of one job become visible in the order of their
        ids and a reader that goes on after the last one it saw misses none.
        """
        self.session.add(JobEntryRow(job_id=job_id, name=name, data=data, at=utc_now()))

    def entries(
        self, job_id: str, *, after: int = 0, name: str | None = None, limit: int = 1000
    ) -> list[JobEntryRow]:
        """The job's story after an entry, oldest first."""
        query = select(JobEntryRow).where(JobEntryRow.job_id == job_id, JobEntryRow.id > after)
        if name is not None:
            query = query.where(JobEntryRow.name == name)
        return list(self.session.scalars(query.order_by(JobEntryRow.id).limit(limit)))

    def changes(self, job_ids: Iterable[str]) -> dict[str, datetime]:
        """When each of these jobs changed last; every entry changes its job."""
        query = select(JobRow.id, JobRow.changed_at).where(JobRow.id.in_(list(job_ids)))
        return {row.id: row.changed_at for row in self.session.execute(query)}


def _claimable(kinds: Mapping[str, JobKind], *, queues: Collection[str] | None) -> Select[str]:
    heard = {kind.queue for kind in kinds.values()} if queues is None else queues
    return select(JobRow.id).where(
        JobRow.state == JobState.QUEUED,
        JobRow.queue.in_(sorted(heard)),
        # A kind that only a newer or an older release knows is left to it.
        JobRow.kind.in_(sorted(kinds)),
        JobRow.run_after <= utc_now(),
    )


def _expired() -> Select[JobRow]:
    return select(JobRow).where(JobRow.state.in_(HELD), JobRow.lease_until < utc_now())


def _ours(job_id: str, fence: int) -> tuple[Any, ...]:
    return (JobRow.id == job_id, JobRow.fence == fence, JobRow.state.in_(HELD))
