"""What triggers decided about a flow's table, the trainings that followed, and their models."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from shared_lib.contracts.catalog import FlowState, FlowStep, StepState
from shared_lib.contracts.jobs import JobState
from svc_ingest.flows.decisions import asker
from svc_ingest.flows.gate_steps import awaiting, job_step
from svc_ingest.flows.models import DecidedTableRow, JobJournalRow, ReportRow, TrainingRow
from svc_ingest.flows.report_steps import (
    ReportJobFacts,
    is_awaited,
    report_outcome,
    reported_step,
    subject_of,
)
from svc_ingest.flows.subjects import Subject


class DecidedFacts(Protocol):
    """What decides where a flow stands, of the triggers' answers on one table version."""

    @property
    def table_version_id(self) -> str: ...
    @property
    def revision(self) -> int: ...
    @property
    def decisions(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def at(self) -> datetime: ...


class TrainingJobFacts(Protocol):
    """The same of the job that trains."""

    @property
    def state(self) -> str: ...


def training_outcome(
    decided: Sequence[DecidedFacts],
    *,
    needed: int,
    jobs: Mapping[str, TrainingJobFacts],
    trained: Collection[str],
    reporting: Mapping[str, ReportJobFacts],
    reported: Collection[str],
) -> FlowState:
    """Running until the triggers have answered to the newest verdicts and all that follows ended.

    Args:
        decided: their answers on one table version.
        needed: the least revision that answers to what the gate says now.
        jobs: by id.
        trained: ids of jobs whose results have been told of.
        reporting: see `report_jobs`.
        reported: ids of trainings and decisions whose reports have been told of.
    """
    if max((each.revision for each in decided), default=0) < needed:
        return FlowState.RUNNING
    newest = {
        asker(one): each.revision
        for each in sorted(decided, key=lambda answer: answer.revision)
        for one in each.decisions
    }
    outcomes = set()
    for each in decided:
        for one in each.decisions:
            came_to = FlowState.SUCCEEDED
            if one["train"]:
                came_to = _trained(one["job_id"], jobs=jobs, trained=trained)
            outcomes.add(came_to)
            # What was decided anew since is no reason to fail any more.
            if each.revision == newest[asker(one)] and is_awaited(one, came_to=came_to):
                outcomes.add(report_outcome(subject_of(one), jobs=reporting, reported=reported))
    for state in (FlowState.RUNNING, FlowState.FAILED, FlowState.CANCELLED):
        if state in outcomes:
            return state
    return FlowState.SUCCEEDED


def _trained(
    job_id: str, *, jobs: Mapping[str, TrainingJobFacts], trained: Collection[str]
) -> FlowState:
    job = jobs.get(job_id)
    if job is not None and job.state in (JobState.FAILED, JobState.DEAD):
        return FlowState.FAILED
    if job is not None and job.state == JobState.CANCELLED:
        return FlowState.CANCELLED
    # The job's event and that of its results come in any order: both must be there.
    done = job is not None and job.state == JobState.SUCCEEDED and job_id in trained
    return FlowState.SUCCEEDED if done else FlowState.RUNNING


def training_steps(
    file: Subject,
    decided: Sequence[DecidedTableRow],
    *,
    jobs: Mapping[str, JobJournalRow],
    trained: Mapping[str, TrainingRow],
    reporting: Mapping[str, JobJournalRow],
    reports: Mapping[str, ReportRow],
) -> list[FlowStep]:
    """Decided; where the decision was to train, trained and registered too; for each trigger."""
    steps = []
    for answer in decided:
        for decision in answer.decisions:
            at = _decided_at(decision, answer=answer)
            steps.append(_decided(file, decision, at=at))
            if decision["train"]:
                job_id = decision["job_id"]
                results = trained.get(job_id)
                steps.append(
                    _trained_step(file, decision, job=jobs.get(job_id), results=results, at=at)
                )
                if results is not None:
                    steps.append(_registered(file, results))
            subject_id = subject_of(decision)
            if subject_id in reporting:
                job, told = reporting[subject_id], reports.get(subject_id)
                steps.append(reported_step(file, decision, job=job, told=told))
    return steps


def _decided_at(decision: Mapping[str, Any], *, answer: DecidedTableRow) -> datetime:
    """When it was told of; a decision kept by a release before this one has no time of its own."""
    told = decision.get("at")
    return datetime.fromisoformat(told) if told else answer.at


def _decided(file: Subject, decision: Mapping[str, Any], *, at: datetime) -> FlowStep:
    return FlowStep(
        name="decided",
        state=StepState.SUCCEEDED,
        subject=file.path,
        started_at=at,
        ended_at=at,
        duration_s=0.0,
        facts={name: decision[name] for name in ("pipeline", "train", "rule", "reason")},
        links={"decisions": "/v1/triggers/decisions"},
    )


def _trained_step(
    file: Subject,
    decision: Mapping[str, Any],
    *,
    job: JobJournalRow | None,
    results: TrainingRow | None,
    at: datetime,
) -> FlowStep:
    step = FlowStep(
        name="trained",
        state=StepState.RUNNING,
        subject=file.path,
        started_at=at,
        job_id=decision["job_id"],
    )
    if job is not None:
        step = job_step("trained", subject=file.path, job=job)
    facts: dict[str, int | float | str | bool] = {"pipeline": decision["pipeline"]}
    if results is None:
        step = awaiting(step)
    else:
        facts |= {name: results.details[name] for name in ("stages_run", "stages_cached")}
        facts |= results.details["metrics"]
    links = {"training_job": f"/v1/training-jobs/{decision['training_job_id']}"}
    return step.model_copy(update={"facts": facts, "links": step.links | links})


def _registered(file: Subject, results: TrainingRow) -> FlowStep:
    """The version that the model has since, and what it became."""
    told = results.details
    return FlowStep(
        name="registered",
        state=StepState.SUCCEEDED,
        subject=file.path,
        started_at=results.at,
        ended_at=results.at,
        duration_s=0.0,
        facts={
            "model": told["model"],
            "version": told["model_version"],
            "alias": told["alias"],
            "reason": told["promotion"],
        },
        links={"model": f"/v1/models/{told['model']}/versions/{told['model_version']}"},
    )
