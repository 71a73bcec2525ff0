"""The public face of durable jobs, the same in every service: `/v1/jobs/{id}`."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query, Request, Response

from shared_lib.contracts.base import Contract, UtcTime
from shared_lib.contracts.errors import FailureKind, Problem
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.jobs import JobState, JobView, Progress
from shared_lib.contracts.scopes import Scope
from shared_lib.db.engine import Database, ReadView
from shared_lib.jobs.errors import JobNotFoundError
from shared_lib.jobs.models import JobEntryRow, JobRow
from shared_lib.jobs.repository import JobRepository
from shared_lib.jobs.runtime import Runtime
from shared_lib.jobs.workers import waits_for
from shared_lib.web.identity import requires
from shared_lib.web.sse import HEARTBEAT_S, ServerSentEvent, event_stream
from shared_lib.web.state import ServiceState, state_of
from shared_lib.web.tailer import Changed
from shared_lib.web.waiting import changed_within, resumed_after, wait_for, wanted_wait

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

Reader = Annotated[Caller, Depends(requires(Scope.JOBS_READ))]
Writer = Annotated[Caller, Depends(requires(Scope.JOBS_WRITE))]


class LogLine(Contract):
    """One line of a job's log. `id` resumes after it."""

    id: int
    at: UtcTime
    level: str
    message: str
    facts: dict[str, Any] = {}


class LogPage(Contract):
    """Lines in order; `next` is given as `after` to read on, null when there are no more now."""

    items: list[LogLine]
    next: int | None


def view_job(view: ReadView, job: JobRow, *, runtime: Runtime) -> JobView:
    """The job as the API answers it."""
    failure: Any = job.failure
    kind: FailureKind | None = failure
    return JobView(
        id=job.id,
        kind=job.kind,
        service=runtime.name.value,
        state=JobState(job.state),
        queue=job.queue,
        waits_for=waits_for(view, job, kinds=runtime.kinds),
        subject_id=job.subject_id,
        flow_id=job.flow_id,
        attempts=job.attempts,
        max_attempts=job.max_attempts,
        progress=_progress(job),
        error=Problem.model_validate(job.error) if job.error else None,
        failure=kind,
        result=job.result,
        cancel_requested=job.cancel_requested,
        created_at=job.created_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
    )


def _progress(job: JobRow) -> Progress:
    rate = eta = None
    if job.started_at is not None and job.progress_done > 0:
        elapsed = max(((job.ended_at or job.changed_at) - job.started_at).total_seconds(), 0.001)
        rate = round(job.progress_done / elapsed, 1)
        if job.progress_total and not job.ended_at:
            eta = round(max(job.progress_total - job.progress_done, 0) / rate, 1)
    return Progress(
        done=job.progress_done,
        total=job.progress_total,
        unit=job.progress_unit,
        rate=rate,
        eta_s=eta,
    )


def _find(state: ServiceState, *, job_id: str, tenant: str) -> JobView:
    with state.runtime.database.read() as view:
        job = JobRepository(view).find(job_id, tenant=tenant)
        if job is None:
            raise JobNotFoundError(f"There is no job {job_id}. `fleet job list` shows yours.")
        return view_job(view, job, runtime=state.runtime)


@router.get("/{job_id}")
async def read_job(
    request: Request,
    job_id: str,
    caller: Reader,
    response: Response,
    prefer: Annotated[str | None, Header(description="`wait=30`: answer when it ends.")] = None,
) -> JobView:
    """A job. With `Prefer: wait=N` (RFC 7240) the answer comes when it ends, or after N seconds."""
    state = state_of(request)

    def read() -> JobView:
        return _find(state, job_id=job_id, tenant=caller.tenant)

    wait_s = wanted_wait(prefer)
    if wait_s is None:
        return await to_thread.run_sync(read)
    response.headers["Preference-Applied"] = f"wait={wait_s:.0f}"
    return await wait_for(
        read,
        tailer=state.job_tailer,
        key=job_id,
        until=lambda job: job.state.ended,
        wait_s=wait_s,
    )


@router.get("/{job_id}/events")
async def stream_job(
    request: Request,
    job_id: str,
    caller: Reader,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """States, progress and log lines as server-sent events; `end` is the last."""
    state = state_of(request)
    await to_thread.run_sync(lambda: _find(state, job_id=job_id, tenant=caller.tenant))
    after = resumed_after(last_event_id)
    return event_stream(_follow(state, job_id=job_id, tenant=caller.tenant, after=after))


async def _follow(
    state: ServiceState, *, job_id: str, tenant: str, after: int
) -> AsyncGenerator[ServerSentEvent, None]:
    def news(after: int) -> tuple[JobView, list[JobEntryRow]]:
        # The state is read before the entries: what is said to have ended has all its entries.
        job = _find(state, job_id=job_id, tenant=tenant)
        with state.runtime.database.read() as view:
            return job, JobRepository(view).entries(job_id, after=after)

    said: Progress | None = None
    async with state.job_tailer.subscribe(job_id) as changed:
        while True:
            changed.clear()
            job, entries = await to_thread.run_sync(news, after, limiter=state.job_tailer.readers)
            for entry in entries:
                after = entry.id
                yield ServerSentEvent(name=entry.name, data=entry.data, id=str(entry.id))
            if job.progress != said:
                said = job.progress
                yield ServerSentEvent(name="progress", data=said.model_dump(mode="json"))
            if job.state.ended and not entries:
                yield ServerSentEvent(name="end", data=job.model_dump(mode="json"), id=str(after))
                return
            if state.job_tailer.closed:
                # The server goes down: the client comes back to another one, after `after`.
                return
            if not entries and not await changed_within(changed, HEARTBEAT_S):
                yield ServerSentEvent(name="")


@router.get("/{job_id}/log")
def read_log(
    request: Request,
    job_id: str,
    caller: Reader,
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> LogPage:
    """The job's log, oldest line first."""
    state = state_of(request)
    _find(state, job_id=job_id, tenant=caller.tenant)
    with state.runtime.database.read() as view:
        rows = JobRepository(view).entries(job_id, after=after, name="log", limit=limit + 1)
    lines = [_line(row) for row in rows[:limit]]
    return LogPage(items=lines, next=lines[-1].id if len(rows) > limit else None)


def _line(row: JobEntryRow) -> LogLine:
    facts = {k: v for k, v in row.data.items() if k not in ("level", "message")}
    return LogLine(
        id=row.id, at=row.at, level=row.data["level"], message=row.data["message"], facts=facts
    )


@router.delete("/{job_id}", status_code=202)
def cancel_job(request: Request, job_id: str, caller: Writer) -> JobView:
    """Cancel: a queued job ends now, a running one is killed with everything it started."""
    state = state_of(request)
    with state.runtime.database.write() as unit:
        job = state.queue.cancel(unit, job_id=job_id, tenant=caller.tenant)
        return view_job(unit, job, runtime=state.runtime)


def changed_jobs(database: Database) -> Changed:
    """For the tailer: which of the waited-for jobs differ from what they were at the last look.

    Compared is what the row says, not a moment in time: no clock of another machine, and no
    transaction that takes long to become visible, can hide a change.
    """
    known: dict[str, datetime] = {}

    def changed(keys: frozenset[str]) -> list[str]:
        nonlocal known
        with database.read() as view:
            now = JobRepository(view).changes(keys)
        news = [key for key, at in now.items() if known.get(key) != at]
        known = now
        return news

    return changed
