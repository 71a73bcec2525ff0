"""Asking for jobs, and moving them from state to state. Each change is an event and an entry."""

from datetime import timedelta
from importlib import import_module
from typing import Any

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.events import JOB_CHANGED, JobChanged
from shared_lib.contracts.ids import new_job_id
from shared_lib.contracts.jobs import JobState, JobSummary
from shared_lib.db.engine import WriteUnit
from shared_lib.events.outbox import emit
from shared_lib.jobs.errors import JobAlreadyEndedError, JobNotFoundError
from shared_lib.jobs.kinds import JobKind
from shared_lib.jobs.models import JobRow
from shared_lib.jobs.repository import JobRepository
from shared_lib.jobs.runtime import Runtime

LONGEST_BACKOFF_S = 300.0

OUTAGE_BACKOFF_S = 30.0
"""How seldom a job looks whether the part it needs is back."""

LONGEST_WAIT_S = 3600.0
"""What asks a job to come back later may not ask for more than this."""

OUTAGE_PATIENCE = timedelta(hours=24)
"""How long after its request a job waits for such a part before its tries are counted again."""


class JobQueue:
    """The jobs of one service."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def request(
        self,
        unit: WriteUnit,
        *,
        kind: str,
        tenant: str,
        params: dict[str, Any],
        subject_id: str | None = None,
        flow_id: str | None = None,
        on_gpu: bool = False,
    ) -> JobRow:
        """Write a queued job in `unit`; the supervisor is woken when the unit commits.

        With `on_gpu` only workers that have a GPU hear it.
        """
        spec, now = self._runtime.kinds[kind], utc_now()
        job = JobRow(
            id=new_job_id(self._runtime.spec.job_owner),
            tenant=tenant,
            kind=spec.name,
            queue=_gpu_queue(spec) if on_gpu else spec.queue,
            state=JobState.QUEUED,
            subject_id=subject_id,
            flow_id=flow_id,
            params=params,
            fence=0,
            attempts=0,
            max_attempts=spec.max_attempts,
            revision=1,
            run_after=now,
            cancel_requested=False,
            progress_done=0,
            progress_unit="",
            created_at=now,
            changed_at=now,
        )
        JobRepository(unit).add(job)
        self.tell(unit, job)
        return job

    def end(
        self,
        unit: WriteUnit,
        *,
        job_id: str,
        fence: int,
        state: JobState,
        error: Problem | None = None,
        failure: str | None = None,
        result: dict[str, Any] | None = None,
    ) -> JobRow | None:
        """Move a job that we hold to its final state; None when it is not ours any more."""
        now = utc_now()
        job = JobRepository(unit).change(
            job_id,
            fence=fence,
            state=state,
            error=error.model_dump(mode="json", exclude_none=True) if error else None,
            failure=failure,
            result=result,
            revision=JobRow.revision + 1,
            lease_until=None,
            ended_at=now,
        )
        if job is not None:
            self._ended(unit, job)
        return job

    def retry(
        self,
        unit: WriteUnit,
        *,
        job: JobRow,
        error: Problem,
        outage: bool = False,
        wait_s: float = 0.0,
    ) -> JobRow | None:
        """Queue a held job again after an infrastructure failure; end it when tries are used up.

        Args:
            unit: the transaction.
            job: the held job.
            error: what went wrong in this try.
            outage: a part that the job needs was away, such as the object store: the job is not
                to blame, so the try does not count until `OUTAGE_PATIENCE` is over.
            wait_s: how long that part asked not to be asked again.
        """
        if job.cancel_requested:
            return self.end(unit, job_id=job.id, fence=job.fence, state=JobState.CANCELLED)
        outage = outage and utc_now() - job.created_at < OUTAGE_PATIENCE
        if job.attempts >= job.max_attempts and not outage:
            return self.end(
                unit,
                job_id=job.id,
                fence=job.fence,
                state=JobState.DEAD,
                error=error,
                failure="infrastructure",
            )
        backoff_s = self._backoff(job, outage=outage)
        again = JobRepository(unit).change(
            job.id,
            fence=job.fence,
            state=JobState.QUEUED,
            error=error.model_dump(mode="json", exclude_none=True),
            revision=JobRow.revision + 1,
            attempts=JobRow.attempts - int(outage),
            lease_until=None,
            run_after=utc_now() + timedelta(seconds=max(backoff_s, min(wait_s, LONGEST_WAIT_S))),
        )
        if again is not None:
            self.tell(unit, again)
        return again

    def _backoff(self, job: JobRow, *, outage: bool) -> float:
        # Tries that do not count leave `attempts` where it was; the fence has seen every claim.
        tries, longest_s = (
            (job.fence, OUTAGE_BACKOFF_S) if outage else (job.attempts, LONGEST_BACKOFF_S)
        )
        first_s = self._runtime.settings.jobs.retry_backoff_s
        return min(first_s * 2.0 ** min(tries - 1, 30), longest_s)

    def hand_back(self, unit: WriteUnit, *, job: JobRow, to_gpu: bool = False) -> JobRow | None:
        """Queue a held job again: its worker stops, or it has no GPU and the job needs one.

        Nothing failed, so no try is used up.
        """
        if job.cancel_requested:
            return self.end(unit, job_id=job.id, fence=job.fence, state=JobState.CANCELLED)
        queue = _gpu_queue(self._runtime.kinds[job.kind]) if to_gpu else job.queue
        again = JobRepository(unit).change(
            job.id,
            fence=job.fence,
            state=JobState.QUEUED,
            queue=queue,
            revision=JobRow.revision + 1,
            attempts=JobRow.attempts - 1,
            lease_until=None,
            run_after=utc_now(),
        )
        if again is not None:
            self.tell(unit, again)
        return again

    def cancel(self, unit: WriteUnit, *, job_id: str, tenant: str) -> JobRow:
        """End a queued job now; ask the supervisor to end a running one.

        Raises:
            JobNotFoundError: no such job in this tenant.
            JobAlreadyEndedError: nothing is left to cancel.
        """
        job = JobRepository(unit).lock(job_id, tenant=tenant)
        if job is None:
            raise JobNotFoundError(f"There is no job {job_id}. `fleet job list` shows yours.")
        if JobState(job.state).ended:
            raise JobAlreadyEndedError(f"Job {job_id} has already {job.state}.")
        job.cancel_requested = True
        job.changed_at = utc_now()
        if job.state == JobState.QUEUED:
            job.state = JobState.CANCELLED
            job.ended_at = utc_now()
            job.revision += 1
            unit.session.flush()
            self._ended(unit, job)
        unit.after_commit(self._runtime.doorbell.ring)
        return job

    def _ended(self, unit: WriteUnit, job: JobRow) -> None:
        self.tell(unit, job)
        kind = self._runtime.kinds.get(job.kind)
        if kind is not None and kind.ended:
            module, _, name = kind.ended.partition(":")
            getattr(import_module(module), name)(unit, self._runtime, job)

    def tell(self, unit: WriteUnit, job: JobRow) -> None:
        """Write the change into the job's story and tell the catalog."""
        JobRepository(unit).add_entry(
            job.id,
            name="state",
            data={"state": job.state, "attempt": job.attempts, "error": job.error},
        )
        bell = self._runtime.gpu_bells.get(job.queue)
        if bell is not None and job.state == JobState.QUEUED:
            unit.after_commit(bell.ring)
        emit(
            unit,
            spec=JOB_CHANGED,
            payload=JobChanged(job=summarise(job, runtime=self._runtime), revision=job.revision),
            producer=self._runtime.name,
            tenant=job.tenant,
            flow_id=job.flow_id,
            doorbell=self._runtime.doorbell,
        )


def _gpu_queue(kind: JobKind) -> str:
    assert kind.gpu_queue is not None  # noqa: S101 - only such kinds ask for a GPU
    return kind.gpu_queue


def summarise(job: JobRow, *, runtime: Runtime) -> JobSummary:
    """The job as the fleet-wide list shows it."""
    return JobSummary(
        id=job.id,
        kind=job.kind,
        service=runtime.name.value,
        state=JobState(job.state),
        subject_id=job.subject_id,
        flow_id=job.flow_id,
        attempts=job.attempts,
        error=Problem.model_validate(job.error) if job.error else None,
        created_at=job.created_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
    )
