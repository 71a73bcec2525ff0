"""From journal rows to the steps people see. Pure: the order in which events came has no effect."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared_lib.contracts.catalog import FlowState, FlowStep, StepState
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.jobs import JobState
from svc_ingest.files.models import FileRow
from svc_ingest.flows.models import FlowRow, JobJournalRow, PublishedTableRow

CONVERT = "convert"

_STEP_STATES: dict[str, StepState] = {
    JobState.SUCCEEDED: StepState.SUCCEEDED,
    JobState.FAILED: StepState.FAILED,
    JobState.DEAD: StepState.FAILED,
    JobState.CANCELLED: StepState.CANCELLED,
}


@dataclass(frozen=True)
class Journey:
    """Everything that is known of one flow."""

    flow: FlowRow
    files: Sequence[FileRow]
    jobs: Sequence[JobJournalRow]
    tables: Sequence[PublishedTableRow]

    def steps(self) -> list[FlowStep]:
        """Landed, converted, published, file by file."""
        steps = []
        for file in self.files:
            steps.append(_landed(file))
            job = self._newest_job(file)
            if job is not None:
                steps.append(_converted(file, job))
            table = self._table_of(job)
            if table is not None:
                steps.append(_published(file, table))
        return steps

    def state(self) -> FlowState:
        """Running until every file has its outcome; then the worst of them."""
        outcomes = {self._outcome(file) for file in self.files}
        for state in (FlowState.RUNNING, FlowState.FAILED, FlowState.CANCELLED):
            if state in outcomes:
                return state
        return FlowState.SUCCEEDED

    def _outcome(self, file: FileRow) -> FlowState:
        job = self._newest_job(file)
        if job is None:
            return FlowState.RUNNING
        if job.state in (JobState.FAILED, JobState.DEAD):
            return FlowState.FAILED
        if job.state == JobState.CANCELLED:
            return FlowState.CANCELLED
        # The table's event and the job's event come in any order: both must be there.
        done = job.state == JobState.SUCCEEDED and self._table_of(job) is not None
        return FlowState.SUCCEEDED if done else FlowState.RUNNING

    def _newest_job(self, file: FileRow) -> JobJournalRow | None:
        mine = [job for job in self.jobs if job.subject_id == file.id and job.kind == CONVERT]
        return max(mine, key=lambda job: job.id, default=None)

    def _table_of(self, job: JobJournalRow | None) -> PublishedTableRow | None:
        return _first(table for table in self.tables if job and table.job_id == job.id)


def _first(tables: Iterable[PublishedTableRow]) -> PublishedTableRow | None:
    return next(iter(tables), None)


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
