"""Reports of a flow's trainings, and of the decisions not to train that a pull request is told."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from shared_lib.contracts.catalog import FlowState, FlowStep
from shared_lib.contracts.jobs import JobState
from svc_ingest.flows.gate_steps import job_step
from svc_ingest.flows.models import JobJournalRow, ReportRow
from svc_ingest.flows.subjects import Subject

REPORT = "report"


class ReportJobFacts(Protocol):
    """What is known of a job that may be a report's."""

    @property
    def kind(self) -> str: ...
    @property
    def subject_id(self) -> str | None: ...
    @property
    def state(self) -> str: ...


ReportJobT = TypeVar("ReportJobT", bound=ReportJobFacts)


def report_jobs(jobs: Iterable[ReportJobT]) -> dict[str, ReportJobT]:
    """The jobs that report, by the id of the training job or decision that they report."""
    return {job.subject_id: job for job in jobs if job.kind == REPORT and job.subject_id}


def subject_of(decision: Mapping[str, Any]) -> str:
    """What a decision's report is of: the training that followed, or the decision itself."""
    return str(decision.get("training_job_id") or decision.get("decision_id"))


def is_awaited(decision: Mapping[str, Any], *, came_to: FlowState) -> bool:
    """Whether a report follows what a decision came to; events of before say nothing of it."""
    promised = decision.get("report", "never")
    return promised == "always" or (
        promised == "when_trained" and bool(decision["train"]) and came_to == FlowState.SUCCEEDED
    )


def report_outcome(
    subject_id: str, *, jobs: Mapping[str, ReportJobFacts], reported: Collection[str]
) -> FlowState:
    """Running until the report is told of; failed when a pull request could not be told.

    Args:
        subject_id: see `subject_of`.
        jobs: see `report_jobs`.
        reported: subjects whose reports have been told of.
    """
    job = jobs.get(subject_id)
    if job is not None and job.state in (JobState.FAILED, JobState.DEAD):
        return FlowState.FAILED
    if job is not None and job.state == JobState.CANCELLED:
        return FlowState.CANCELLED
    # The job's event and the report's come in any order: both must be there.
    done = job is not None and job.state == JobState.SUCCEEDED and subject_id in reported
    return FlowState.SUCCEEDED if done else FlowState.RUNNING


def reported_step(
    file: Subject, decision: Mapping[str, Any], *, job: JobJournalRow, told: ReportRow | None
) -> FlowStep:
    """The report, and where on a pull request it stands."""
    step = job_step("reported", subject=file.path, job=job)
    facts: dict[str, int | float | str | bool] = {"pipeline": decision["pipeline"]}
    if told is not None:
        facts |= {name: told.details[name] for name in ("model", "outcome")}
        if told.details["comment_url"]:
            facts["comment"] = told.details["comment_url"]
    below = "training-jobs" if decision.get("training_job_id") else "triggers/decisions"
    links = step.links | {"training_report": f"/v1/{below}/{subject_of(decision)}/report"}
    return step.model_copy(update={"facts": facts, "links": links})
