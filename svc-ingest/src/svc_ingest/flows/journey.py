"""From journal rows to the steps people see. Pure: the order in which events came has no effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from shared_lib.contracts.catalog import FlowState, FlowStep, StepState
from shared_lib.contracts.jobs import JobState
from shared_lib.contracts.verdicts import Verdict
from svc_ingest.files.models import FileRow
from svc_ingest.flows.build_steps import (
    DOCUMENTS,
    BuildFacts,
    build_outcome,
    build_steps,
    landed_together,
    newest_builds,
)
from svc_ingest.flows.gate_steps import job_step, judged_step
from svc_ingest.flows.models import (
    DecidedTableRow,
    JobJournalRow,
    JudgementRow,
    KnowledgeBuildRow,
    PublishedTableRow,
    TrainingRow,
)
from svc_ingest.flows.training_steps import DecidedFacts, training_outcome, training_steps

CONVERT = "convert"
INFER = "infer_suite"


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
    """The same of one table; `asked_at` is when svc-quality said which suites will judge it."""

    @property
    def job_id(self) -> str: ...
    @property
    def table_version_id(self) -> str: ...
    @property
    def published_at(self) -> datetime: ...
    @property
    def asked_at(self) -> datetime | None: ...


class JudgementFacts(Protocol):
    """The same of one judgement; `verdict` is null until there is one."""

    @property
    def id(self) -> str: ...
    @property
    def job_id(self) -> str: ...
    @property
    def table_version_id(self) -> str: ...
    @property
    def suite_name(self) -> str: ...
    @property
    def revision(self) -> int: ...
    @property
    def verdict(self) -> str | None: ...
    @property
    def at(self) -> datetime: ...


JobFactsT = TypeVar("JobFactsT", bound=JobFacts)
JudgementFactsT = TypeVar("JudgementFactsT", bound=JudgementFacts)


def newest_jobs(jobs: Sequence[JobFactsT], *, kind: str) -> dict[str, JobFactsT]:
    """The newest job of a kind on each file, by the file's id."""
    newest: dict[str, JobFactsT] = {}
    for job in jobs:
        if job.kind == kind and job.subject_id is not None:
            known = newest.get(job.subject_id)
            if known is None or known.id < job.id:
                newest[job.subject_id] = job
    return newest


def newest_judgements(judgements: Sequence[JudgementFactsT]) -> dict[str, list[JudgementFactsT]]:
    """The newest judgement by each suite, by the table version's id."""
    newest: dict[tuple[str, str], JudgementFactsT] = {}
    for each in sorted(judgements, key=lambda judgement: judgement.id):
        newest[each.table_version_id, each.suite_name] = each
    found: dict[str, list[JudgementFactsT]] = {}
    for each in newest.values():
        found.setdefault(each.table_version_id, []).append(each)
    return found


@dataclass(frozen=True)
class Standing:
    """Where a flow stands, and since when it has ended."""

    state: FlowState
    ended_at: datetime | None


def standing_of(
    file_ids: Sequence[str],
    *,
    jobs: Sequence[JobFacts],
    tables: Sequence[TableFacts],
    judgements: Sequence[JudgementFacts],
    decided: Sequence[DecidedFacts],
    trained: Sequence[str],
    builds: Sequence[BuildFacts],
    documents: bool,
    builds_asked_at: datetime | None,
) -> Standing:
    """Running until every file has its outcome; then the worst of them, when the last one came.

    Documents are not converted: what comes of them are knowledge bases.
    """
    newest, by_job = newest_jobs(jobs, kind=CONVERT), {table.job_id: table for table in tables}
    judged, by_id = newest_judgements(judgements), {job.id: job for job in jobs}
    # The suite that the flow asked for may be made first, and that may fail.
    inferring = newest_jobs(jobs, kind=INFER)
    waits = documents and builds_asked_at is None
    outcomes = {FlowState.RUNNING if waits else FlowState.SUCCEEDED}
    times: list[datetime | None] = [job.ended_at for job in newest.values()]
    times.append(builds_asked_at)
    for build in newest_builds(builds):
        outcomes.add(build_outcome(build, by_id.get(build.job_id)))
        times.append(build.at)
    for file_id in () if documents else file_ids:
        job = newest.get(file_id)
        outcomes.add(_outcome(job, by_job))
        table = by_job.get(job.id) if job else None
        if table is not None:
            verdicts = judged.get(table.table_version_id, [])
            answers = [each for each in decided if each.table_version_id == table.table_version_id]
            unsuited = None if table.asked_at else _ended_badly(inferring.get(file_id))
            outcomes.add(unsuited or _gate(table, verdicts, by_id))
            if unsuited is None:
                outcomes.add(_training(verdicts, answers, jobs=by_id, trained=trained))
            times += [table.published_at, *(each.at for each in verdicts)]
            times += [each.at for each in answers]
            times += [by_id[each].ended_at for each in _asked(answers) if each in by_id]
    for state in (FlowState.RUNNING, FlowState.FAILED, FlowState.CANCELLED, FlowState.SUCCEEDED):
        if state in outcomes:
            break
    if state == FlowState.RUNNING:
        return Standing(state=state, ended_at=None)
    known = [time for time in times if time is not None]
    return Standing(state=state, ended_at=max(known, default=None))


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


def _gate(
    table: TableFacts, judgements: Sequence[JudgementFacts], jobs: Mapping[str, JobFacts]
) -> FlowState:
    """What the gate says of a table; running until it is known which suites judge it."""
    if table.asked_at is None:
        return FlowState.RUNNING
    outcomes = {_judged(each, jobs.get(each.job_id)) for each in judgements}
    for state in (FlowState.RUNNING, FlowState.FAILED, FlowState.CANCELLED):
        if state in outcomes:
            return state
    return FlowState.SUCCEEDED


def _training(
    judgements: Sequence[JudgementFacts],
    answers: Sequence[DecidedFacts],
    *,
    jobs: Mapping[str, JobFacts],
    trained: Sequence[str],
) -> FlowState:
    """What came of the triggers; nothing is decided upon a table that a suite could not judge."""
    if any(each.verdict is None for each in judgements):
        return FlowState.SUCCEEDED
    needed = 1 + sum(each.revision for each in judgements)
    return training_outcome(answers, needed=needed, jobs=jobs, trained=trained)


def _asked(answers: Sequence[DecidedFacts]) -> list[str]:
    """Ids of the jobs that train on a table."""
    return [one["job_id"] for each in answers for one in each.decisions if one["train"]]


def _judged(judgement: JudgementFacts, job: JobFacts | None) -> FlowState:
    if judgement.verdict is not None:
        failed = judgement.verdict == Verdict.FAILED
        return FlowState.FAILED if failed else FlowState.SUCCEEDED
    return _ended_badly(job) or FlowState.RUNNING


def _ended_badly(job: JobFacts | None) -> FlowState | None:
    """What a job that has failed, or was cancelled, makes of its flow."""
    if job is not None and job.state in (JobState.FAILED, JobState.DEAD):
        return FlowState.FAILED
    if job is not None and job.state == JobState.CANCELLED:
        return FlowState.CANCELLED
    return None


def steps_of(
    files: Sequence[FileRow],
    *,
    jobs: Sequence[JobJournalRow],
    tables: Sequence[PublishedTableRow],
    judgements: Sequence[JudgementRow],
    decided: Sequence[DecidedTableRow],
    trainings: Sequence[TrainingRow],
    builds: Sequence[KnowledgeBuildRow],
    purpose: str,
) -> list[FlowStep]:
    """Landed, converted, published, judged, decided, trained, registered, file by file.

    Before it is judged, a suite is inferred when the flow asked for one that was not there.
    """
    newest, by_job = newest_jobs(jobs, kind=CONVERT), {table.job_id: table for table in tables}
    judged, by_id = newest_judgements(judgements), {job.id: job for job in jobs}
    trained = {row.job_id: row for row in trainings}
    inferring, steps = newest_jobs(jobs, kind=INFER), list[FlowStep]()
    documents = purpose == DOCUMENTS
    if documents:
        steps += landed_together(files)
    for file in () if documents else files:
        steps.append(_landed(file))
        job = newest.get(file.id)
        if job is None:
            continue
        steps.append(job_step("converted", subject=file.path, job=job))
        table = by_job.get(job.id)
        if table is None:
            continue
        steps.append(_published(file, table))
        if file.id in inferring:
            steps.append(job_step("inferred", subject=file.path, job=inferring[file.id]))
        steps += [
            judged_step(file, each, job=by_id.get(each.job_id))
            for each in judged.get(table.table_version_id, [])
        ]
        answers = [each for each in decided if each.table_version_id == table.table_version_id]
        steps += training_steps(file, answers, jobs=by_id, trained=trained)
    return steps + build_steps(builds, jobs=by_id)


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
