"""From journal rows to the steps people see. Pure: the order in which events came has no effect."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from shared_lib.contracts.catalog import FlowState, FlowStep, StepState
from shared_lib.contracts.jobs import JobState
from shared_lib.contracts.verdicts import Verdict
from svc_ingest.flows.build_steps import (
    DOCUMENTS,
    BuildFacts,
    build_outcome,
    build_steps,
    embed_job,
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
    ReportRow,
    TrainingRow,
)
from svc_ingest.flows.report_steps import report_jobs, subject_of
from svc_ingest.flows.subjects import Subject
from svc_ingest.flows.training_steps import DecidedFacts, training_outcome, training_steps

MAKING = {"convert": "converted", "task_dataset": "built", "append": "built"}
"""The jobs that make a subject's table, and what their steps are called."""
INFERRING = ("infer_suite",)


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
    """The same of one table; `asked_at` is when svc-quality said which suites will judge it.

    `tables` is how many its job published.
    """

    @property
    def job_id(self) -> str: ...
    @property
    def tables(self) -> int: ...
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


def newest_jobs(jobs: Sequence[JobFactsT], *, kinds: Container[str]) -> dict[str, JobFactsT]:
    """The newest job of these kinds on each subject, by the subject's id."""
    newest: dict[str, JobFactsT] = {}
    for job in jobs:
        if job.kind in kinds and job.subject_id is not None:
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
    reported: Sequence[str],
    builds: Sequence[BuildFacts],
    documents: bool,
    builds_asked_at: datetime | None,
) -> Standing:
    """Running until every file has its outcome; then the worst of them, when the last one came.

    Documents are not converted: what comes of them are knowledge bases.
    """
    newest, by_job = newest_jobs(jobs, kinds=MAKING), _by_job(tables)
    judged, by_id = newest_judgements(judgements), {job.id: job for job in jobs}
    reporting = report_jobs(jobs)
    # The suite that the flow asked for may be made first, and that may fail.
    inferring = newest_jobs(jobs, kinds=INFERRING)
    waits = documents and builds_asked_at is None
    outcomes = {FlowState.RUNNING if waits else FlowState.SUCCEEDED}
    times: list[datetime | None] = [job.ended_at for job in newest.values()]
    times.append(builds_asked_at)
    for build in newest_builds(builds):
        outcomes.add(build_outcome(build, by_id))
        embedding = by_id.get(embed_job(build) or "")
        times += [build.at, embedding.ended_at if embedding else None]
    for file_id in () if documents else file_ids:
        job = newest.get(file_id)
        outcomes.add(_outcome(job, by_job))
        for table in by_job.get(job.id, []) if job else []:
            verdicts = judged.get(table.table_version_id, [])
            answers = [each for each in decided if each.table_version_id == table.table_version_id]
            unsuited = None if table.asked_at else _ended_badly(inferring.get(file_id))
            outcomes.add(unsuited or _gate(table, verdicts, by_id))
            if unsuited is None:
                outcomes.add(
                    _training(
                        verdicts,
                        answers,
                        jobs=by_id,
                        trained=trained,
                        reporting=reporting,
                        reported=reported,
                    )
                )
            times += [table.published_at, *(each.at for each in verdicts)]
            times += [each.at for each in answers]
            times += [by_id[each].ended_at for each in _asked(answers) if each in by_id]
            times += [each.ended_at for each in _reporting(answers, reporting)]
    return _worst(outcomes, times=times)


def _worst(outcomes: set[FlowState], *, times: Sequence[datetime | None]) -> Standing:
    for state in (FlowState.RUNNING, FlowState.FAILED, FlowState.CANCELLED, FlowState.SUCCEEDED):
        if state in outcomes:
            break
    if state == FlowState.RUNNING:
        return Standing(state=state, ended_at=None)
    known = [time for time in times if time is not None]
    return Standing(state=state, ended_at=max(known, default=None))


TableT = TypeVar("TableT", TableFacts, PublishedTableRow)


def _by_job(tables: Sequence[TableT]) -> dict[str, list[TableT]]:
    """The tables that each job published, in the order of its file."""
    found: dict[str, list[TableT]] = {}
    for table in tables:
        found.setdefault(table.job_id, []).append(table)
    return found


def _outcome(job: JobFacts | None, tables: Mapping[str, Sequence[TableFacts]]) -> FlowState:
    if job is None:
        return FlowState.RUNNING
    if job.state in (JobState.FAILED, JobState.DEAD):
        return FlowState.FAILED
    if job.state == JobState.CANCELLED:
        return FlowState.CANCELLED
    # The tables' events and the job's event come in any order: all must be there.
    told = tables.get(job.id, [])
    done = job.state == JobState.SUCCEEDED and told and len(told) >= told[0].tables
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
    reporting: Mapping[str, JobFacts],
    reported: Sequence[str],
) -> FlowState:
    """What came of the triggers; nothing is decided upon a table that a suite could not judge."""
    if any(each.verdict is None for each in judgements):
        return FlowState.SUCCEEDED
    needed = 1 + sum(each.revision for each in judgements)
    return training_outcome(
        answers, needed=needed, jobs=jobs, trained=trained, reporting=reporting, reported=reported
    )


def _asked(answers: Sequence[DecidedFacts]) -> list[str]:
    """Ids of the jobs that train on a table."""
    return [one["job_id"] for each in answers for one in each.decisions if one["train"]]


def _reporting(
    answers: Sequence[DecidedFacts], reporting: Mapping[str, JobFacts]
) -> list[JobFacts]:
    """The jobs that report what came of a table."""
    subjects = {subject_of(one) for each in answers for one in each.decisions}
    return [reporting[each] for each in subjects if each in reporting]


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
    files: Sequence[Subject],
    *,
    jobs: Sequence[JobJournalRow],
    tables: Sequence[PublishedTableRow],
    judgements: Sequence[JudgementRow],
    decided: Sequence[DecidedTableRow],
    trainings: Sequence[TrainingRow],
    reports: Sequence[ReportRow],
    builds: Sequence[KnowledgeBuildRow],
    purpose: str,
) -> list[FlowStep]:
    """Landed, converted, published, judged, decided, trained, registered, reported, file by file.

    A version that is made from a table begins with `built` in the place of the first two. Before
    it is judged, a suite is inferred when the flow asked for one that was not there.
    """
    newest, by_job = newest_jobs(jobs, kinds=MAKING), _by_job(tables)
    judged, by_id = newest_judgements(judgements), {job.id: job for job in jobs}
    trained = {row.job_id: row for row in trainings}
    told, reporting = {row.subject_id: row for row in reports}, report_jobs(jobs)
    inferring, steps = newest_jobs(jobs, kinds=INFERRING), list[FlowStep]()
    documents = purpose == DOCUMENTS
    if documents:
        steps += landed_together(files)
    for file in () if documents else files:
        if file.sha256 is not None:
            steps.append(_landed(file, sha256=file.sha256))
        job = newest.get(file.id)
        if job is None:
            continue
        steps.append(job_step(MAKING[job.kind], subject=file.path, job=job))
        for table in by_job.get(job.id, []):
            steps.append(_published(file, table))
            if file.id in inferring:
                steps.append(job_step("inferred", subject=file.path, job=inferring[file.id]))
            steps += [
                judged_step(file, each, job=by_id.get(each.job_id))
                for each in judged.get(table.table_version_id, [])
            ]
            answers = [each for each in decided if each.table_version_id == table.table_version_id]
            steps += training_steps(
                file, answers, jobs=by_id, trained=trained, reporting=reporting, reports=told
            )
    return steps + build_steps(builds, jobs=by_id)


def _landed(file: Subject, *, sha256: str) -> FlowStep:
    return FlowStep(
        name="landed",
        state=StepState.SUCCEEDED,
        subject=file.path,
        started_at=file.at,
        ended_at=file.at,
        duration_s=0.0,
        facts={"bytes": file.bytes, "sha256": sha256},
        links={"file": f"/v1/files/{file.id}"},
    )


def _published(file: Subject, table: PublishedTableRow) -> FlowStep:
    several: dict[str, int] = {"tables": table.tables} if table.tables > 1 else {}
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
            **several,
        },
        links={"table": f"/v1/tables/{table.table_id}"},
    )
