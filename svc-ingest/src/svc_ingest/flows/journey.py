"""From journal rows to the steps people see. Pure: the order in which events came has no effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from shared_lib.contracts.catalog import FlowState, FlowStep, StepState
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.jobs import JobState
from svc_ingest.files.models import FileRow
from svc_ingest.flows.models import JobJournalRow, PublishedTableRow

CONVERT = "convert"

_STEP_STATES: dict[str, StepState] = {
    JobState.SUCCEEDED: StepState.SUCCEEDED,
    JobState.FAILED: StepState.FAILED,
    JobState.DEAD: StepState.FAILED,
    JobState.CANCELLED: StepState.CANCELLED,
}


class JobFacts(Protocol):
    """What decides where a flow stands, of one job."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def subject_id(self) -> str | None: ...
    @property
    def state(self) -> str: ...
    @property
    def ended_at(self) -> datetime | None: ...


class TableFacts(Protocol):
    """The same of one table."""

    @property
    def job_id(self) -> str: ...
    @property
    def published_at(self) -> datetime: ...


JobFactsT = TypeVar("JobFactsT", bound=JobFacts)


def newest_jobs(jobs: Sequence[JobFactsT]) -> dict[str, JobFactsT]:
    """The newest conversion of each file, by the file's id."""
    newest: dict[str, JobFactsT] = {}
    for job in jobs:
        if job.kind == CONVERT and job.subject_id is not None:
            known = newest.get(job.subject_id)
            if known is None or known.id < job.id:
                newest[job.subject_id] = job
    return newest


@dataclass(frozen=True)
class Standing:
    """Where a flow stands, and since when it has ended."""

    state: FlowState
    ended_at: datetime | None


def standing_of(
    file_ids: Sequence[str], *, jobs: Sequence[JobFacts], tables: Sequence[TableFacts]
) -> Standing:
    """Running until every file has its outcome; then the worst of them, when the last one came."""
    newest, by_job = newest_jobs(jobs), {table.job_id: table for table in tables}
    outcomes = {_outcome(newest.get(file_id), by_job) for file_id in file_ids}
    for state in (FlowState.RUNNING, FlowState.FAILED, FlowState.CANCELLED, FlowState.SUCCEEDED):
        if state in outcomes:
            break
    if state == FlowState.RUNNING:
        return Standing(state=state, ended_at=None)
    times = [job.ended_at for job in newest.values() if job.ended_at is not None]
    times += [by_job[job.id].published_at for job in newest.values() if job.id in by_job]
    return Standing(state=state, ended_at=max(times, default=None))


def _outcome(job: JobFacts | None, tables: Mapping[str, TableFacts]) -> FlowState:
    if job is None:
        return FlowState.RUNNING
    if job.state in (JobState.FAILED, JobState.DEAD):
        return FlowState.FAILED
    if job.state == JobState.CANCELLED:
        return FlowState.CANCELLED
    # The table's event and the job's event come in any order: both must be there.
    done = job.state == JobState.SUCCEEDED and job.id in tables
    return FlowState.SUCCEEDED if done else FlowState.RUNNING


def steps_of(
    files: Sequence[FileRow],
    *,
    jobs: Sequence[JobJournalRow],
    tables: Sequence[PublishedTableRow],
) -> list[FlowStep]:
    """Landed, converted, published, file by file."""
    newest, by_job = newest_jobs(jobs), {table.job_id: table for table in tables}
    steps = []
    for file in files:
        steps.append(_landed(file))
        job = newest.get(file.id)
        if job is not None:
            steps.append(_converted(file, job))
            if job.id in by_job:
                steps.append(_published(file, by_job[job.id]))
    return steps


def _landed(file: FileRow) -> FlowStep:
    return FlowStep(
        name="landed",
        state=StepState.SUCCEEDED,
        subject=file.path,
        started_at=file.created_at,
        ended_at=file.created_at,
        duration_s=0.0,
        facts={"bytes": file.bytes, "sha256": file.sha256},
        links={"file": f"/v1/files/{file.id}"},
    )


def _converted(file: FileRow, job: JobJournalRow) -> FlowStep:
    duration = None
    if job.ended_at is not None:
        duration = round((job.ended_at - (job.started_at or job.created_at)).total_seconds(), 3)
    return FlowStep(
        name="converted",
        state=_STEP_STATES.get(job.state, StepState.RUNNING),
        subject=file.path,
        started_at=job.started_at or job.created_at,
        ended_at=job.ended_at,
        duration_s=duration,
        job_id=job.id,
        facts={"attempts": job.attempts},
        links={"job": f"/v1/jobs/{job.id}"},
        error=Problem.model_validate(job.error)
        if job.error and job.state != JobState.SUCCEEDED
        else None,
    )


def _published(file: FileRow, table: PublishedTableRow) -> FlowStep:
    return FlowStep(
        name="published",
        state=StepState.SUCCEEDED,
        subject=file.path,
        started_at=table.published_at,
        ended_at=table.published_at,
        duration_s=0.0,
        facts={
            "table": table.table_name,
            "rows": table.rows,
            "columns": table.columns,
            "bytes_in": table.bytes_in,
            "bytes_out": table.bytes_out,
            "quarantined_rows": table.quarantined_rows,
            "widened_columns": table.widened,
        },
        links={"table": f"/v1/tables/{table.table_id}"},
    )
