"""Steps that are a job's work, and what the gate said."""

from shared_lib.contracts.catalog import FlowStep, StepState
from shared_lib.contracts.errors import FleetError, Problem
from shared_lib.contracts.jobs import JobState
from shared_lib.contracts.verdicts import Verdict
from svc_ingest.flows.models import JobJournalRow, JudgementRow
from svc_ingest.flows.subjects import Subject

_STEP_STATES: dict[str, StepState] = {
    JobState.SUCCEEDED: StepState.SUCCEEDED,
    JobState.FAILED: StepState.FAILED,
    JobState.DEAD: StepState.FAILED,
    JobState.CANCELLED: StepState.CANCELLED,
}


class GateFailedError(FleetError):
    """A table breaks its suite; what is built on it waits for a better one or an override."""

    status = 422
    code = "gate_failed"
    title = "The quality gate failed"


def job_step(name: str, *, subject: str, job: JobJournalRow) -> FlowStep:
    """A step that is a job's work."""
    duration = None
    if job.ended_at is not None:
        duration = round((job.ended_at - (job.started_at or job.created_at)).total_seconds(), 3)
    return FlowStep(
        name=name,
        state=_STEP_STATES.get(job.state, StepState.RUNNING),
        subject=subject,
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


def awaiting(step: FlowStep) -> FlowStep:
    """The step of a job that has ended, while what it found has not been told of: it goes on."""
    if step.state != StepState.SUCCEEDED:
        return step
    return step.model_copy(
        update={"state": StepState.RUNNING, "ended_at": None, "duration_s": None}
    )


def judged_step(file: Subject, judgement: JudgementRow, *, job: JobJournalRow | None) -> FlowStep:
    """What a suite said of the file's table; the job's own step until there is a verdict."""
    links = {"judgement": f"/v1/judgements/{judgement.id}"}
    facts: dict[str, int | float | str | bool] = {"suite": judgement.suite_name}
    step = FlowStep(
        name="judged",
        state=StepState.RUNNING,
        subject=file.path,
        started_at=judgement.at,
        job_id=judgement.job_id,
    )
    if job is not None:
        step = job_step("judged", subject=file.path, job=job)
    details = judgement.details
    if judgement.verdict is None or details is None:
        step = awaiting(step)
        return step.model_copy(update={"facts": facts, "links": step.links | links})
    failed = judgement.verdict == Verdict.FAILED
    facts |= {name: details[name] for name in ("checks", "passed")}
    facts["verdict"] = judgement.verdict
    if details["overridden_by"] is not None:
        facts["overridden_by"] = details["overridden_by"]
    return step.model_copy(
        update={
            "state": StepState.FAILED if failed else StepState.SUCCEEDED,
            "ended_at": step.ended_at or judgement.at,
            "facts": facts,
            "links": step.links | links | {"report": f"/v1/judgements/{judgement.id}/report"},
            "error": _problem(judgement.suite_name, details) if failed else None,
        }
    )


def _problem(suite: str, details: dict[str, list[str]]) -> Problem:
    """The reasons and what would make it pass, as an error says what to do."""
    reasons, remedies = details["reasons"], details["remedies"]
    said = f"Suite {suite}: {' '.join(reasons[:3])}"
    if len(reasons) > 3:
        said += f" And {len(reasons) - 3} more."
    if remedies:
        said += f" {remedies[0]}"
    return GateFailedError(said).problem()
