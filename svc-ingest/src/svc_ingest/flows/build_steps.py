"""What became of the knowledge bases that are built from a flow's version."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from shared_lib.contracts.catalog import FlowState, FlowStep, StepState
from shared_lib.contracts.jobs import JobState
from svc_ingest.flows.gate_steps import job_step
from svc_ingest.flows.models import JobJournalRow, KnowledgeBuildRow
from svc_ingest.flows.subjects import Subject

DOCUMENTS = "documents"
"""The purpose of a version whose files are not converted."""


class BuildFacts(Protocol):
    """What decides where a flow stands, of one build; `details` is null until it is published."""

    @property
    def id(self) -> str: ...
    @property
    def base_id(self) -> str: ...
    @property
    def job_id(self) -> str: ...
    @property
    def details(self) -> Mapping[str, Any] | None: ...
    @property
    def at(self) -> datetime: ...


class BuildJobFacts(Protocol):
    """The same of its job."""

    @property
    def state(self) -> str: ...


BuildT = TypeVar("BuildT", bound=BuildFacts)


def newest_builds(builds: Sequence[BuildT]) -> list[BuildT]:
    """The newest build of each base."""
    newest: dict[str, BuildT] = {}
    for each in sorted(builds, key=lambda build: build.id):
        newest[each.base_id] = each
    return list(newest.values())


def embed_job(build: BuildFacts) -> str | None:
    """The job that embeds what was built, where one was asked for."""
    found: str | None = (build.details or {}).get("embed_job_id")
    return found


def build_outcome(build: BuildFacts, jobs: Mapping[str, BuildJobFacts]) -> FlowState:
    """Where one build stands; the event of the job and that of the base come in any order."""
    made, embedding = _outcome(build, jobs.get(build.job_id)), embed_job(build)
    if made != FlowState.SUCCEEDED or embedding is None:
        return made
    return _outcome(build, jobs.get(embedding))


def _outcome(build: BuildFacts, job: BuildJobFacts | None) -> FlowState:
    if job is not None and job.state in (JobState.FAILED, JobState.DEAD):
        return FlowState.FAILED
    if job is not None and job.state == JobState.CANCELLED:
        return FlowState.CANCELLED
    done = build.details is not None and job is not None and job.state == JobState.SUCCEEDED
    return FlowState.SUCCEEDED if done else FlowState.RUNNING


def landed_together(files: Sequence[Subject]) -> list[FlowStep]:
    """One step for all documents: there may be thousands."""
    if not files:
        return []
    return [
        FlowStep(
            name="landed",
            state=StepState.SUCCEEDED,
            subject="all files",
            started_at=files[0].at,
            ended_at=files[0].at,
            duration_s=0.0,
            facts={"files": len(files), "bytes": sum(file.bytes for file in files)},
        )
    ]


def build_steps(
    builds: Sequence[KnowledgeBuildRow], *, jobs: Mapping[str, JobJournalRow]
) -> list[FlowStep]:
    """Two steps a base: its build's, with what was read, and that of its embedding, if any."""
    steps = []
    for build in newest_builds(builds):
        link = {"knowledge_base": f"/v1/knowledge-bases/{build.base_id}"}
        job = jobs.get(build.job_id)
        step = FlowStep(
            name="built",
            state=StepState.RUNNING,
            subject=build.base_name,
            started_at=build.at,
            job_id=build.job_id,
        )
        if job is not None:
            step = job_step("built", subject=build.base_name, job=job)
        facts = {k: v for k, v in (build.details or {}).items() if k != "embed_job_id"}
        steps.append(step.model_copy(update={"facts": facts, "links": step.links | link}))
        embedding = embed_job(build)
        if embedding is not None:
            steps.append(_embedded(build, embedding, job=jobs.get(embedding)))
    return steps


def _embedded(build: KnowledgeBuildRow, job_id: str, *, job: JobJournalRow | None) -> FlowStep:
    if job is not None:
        return job_step("embedded", subject=build.base_name, job=job)
    return FlowStep(
        name="embedded",
        state=StepState.RUNNING,
        subject=build.base_name,
        started_at=build.at,
        job_id=job_id,
    )
