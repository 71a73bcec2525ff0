"""What svc-training answers: pipelines, training jobs, triggers and their decisions."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from shared_lib.contracts.base import Contract, UtcTime
from shared_lib.contracts.catalog import DatasetName
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.jobs import JobState
from shared_lib.contracts.plans import Params, PipelineName, Resources
from shared_lib.contracts.pull_requests import PullRequest


class PipelineStage(Contract):
    """A stage as `dvc.yaml` says it."""

    name: str
    command: str
    gpus: int = Field(description="From its `meta.resources.gpu`; 0 or 1.")


class PipelineView(Contract):
    """A pipeline at the newest commit of its repository."""

    name: str
    commit: str
    stages: list[PipelineStage]
    params: dict[str, JsonValue]
    warnings: list[str] = Field(description="What in it would train anew without need.")


class TrainingJobCreate(Contract):
    """The body of `POST /v1/training-jobs`: train on a table version that the gate let pass."""

    pipeline: PipelineName
    table_version: str
    params: Params = {}
    pull_request: PullRequest | None = Field(
        default=None, description="Told what became of it, in a comment."
    )
    resources: Resources | None = Field(
        default=None, description="Left out: what the pipeline's stages ask for."
    )


class StageOutcome(StrEnum):
    """Whether a stage's command ran, or its results came from the run cache."""

    RAN = "ran"
    CACHED = "cached"


class StageView(Contract):
    """What became of a stage."""

    name: str
    outcome: StageOutcome
    device: str | None = Field(default=None, description="Where it ran.")
    seconds: float | None = None


class ArtifactView(Contract):
    """A file that a training job left; read it at `/v1/training-jobs/{id}/artifacts/{name}`."""

    name: str
    bytes: int
    sha256: str


class TrainingJobView(Contract):
    """One run of one pipeline on one table version."""

    id: str
    pipeline: str
    commit: str | None = Field(default=None, description="Of the pipelines' repository.")
    dataset: str
    version_id: str
    version_number: int
    table_version_id: str
    frozen_table_version_id: str = Field(
        description="Its held-out rows are the test rows, in this training and in all later ones."
    )
    flow_id: str | None
    job_id: str
    state: JobState
    gpus: int | None = Field(
        default=None, description="How many it asks for; null until its job knows the pipeline."
    )
    waits_for: str | None = Field(
        default=None, description="What not every worker has, such as a GPU, while it is queued."
    )
    params: dict[str, JsonValue] = Field(description="As the stages read them, once it has ended.")
    stages: list[StageView] = []
    metrics: dict[str, float] = {}
    lock_sha256: str | None = Field(
        default=None, description="Of `dvc.lock`, which names all inputs and outputs by content."
    )
    artifacts: list[ArtifactView] = []
    error: Problem | None = None
    pull_request: PullRequest | None = None
    created_at: UtcTime


class TriggerCreate(Contract):
    """The body of `POST /v1/triggers`: train a pipeline on new data, by the clock, or when asked.

    A version that failed the gate, or that nothing judged, never trains.
    """

    dataset: DatasetName
    table: str | None = Field(
        default=None, description="Of this table; left out: of each table of the dataset."
    )
    pipeline: PipelineName
    params: Params = {}
    schedule: str | None = Field(
        default=None,
        max_length=100,
        description="Five fields of cron in UTC, such as `0 6 * * 1`: when it is asked about the "
        "newest judged version.",
    )
    on_new_data: bool | None = Field(
        default=None,
        description="Ask it about each version that has been judged. Left out: yes, unless it has "
        "a schedule.",
    )
    min_rows: Annotated[int, Field(ge=0)] = Field(
        default=0, description="New rows since the last training that are worth another one."
    )
    min_interval_s: Annotated[float, Field(ge=0)] = Field(
        default=0, description="Seconds that must lie between two trainings."
    )
    on_warned: bool = Field(default=True, description="Also train on what the gate warned of.")
    pull_request: PullRequest | None = Field(
        default=None,
        description="Told of each training, and of each time there was none, in one comment; not "
        "of a schedule that found nothing new.",
    )
    resources: Resources | None = Field(
        default=None, description="Left out: what the pipeline's stages ask for."
    )


class TriggerView(Contract):
    """A rule that is asked when a version of its dataset has been judged, or by the clock."""

    id: str
    dataset: str
    table: str | None
    pipeline: str
    params: dict[str, JsonValue]
    schedule: str | None = None
    next_at: UtcTime | None = Field(
        default=None, description="When its schedule asks it next; null without one."
    )
    on_new_data: bool = Field(
        default=True, description="Whether it is asked about each version that has been judged."
    )
    min_rows: int
    min_interval_s: float
    on_warned: bool
    pull_request: PullRequest | None = None
    resources: Resources | None = None
    created_at: UtcTime


DecisionRule = Literal[
    "not_judged",
    "gate_failed",
    "gate_warned",
    "debounce",
    "rows_since_last",
    "first",
    "new_data",
    "nothing_new",
    "scheduled",
    "asked",
]


class DecisionView(Contract):
    """Why a pipeline was or was not trained on a table version."""

    id: str
    trigger_id: str | None = Field(description="Null when the flow itself asked for the pipeline.")
    pipeline: str
    dataset: str
    version_id: str
    version_number: int
    table_version_id: str
    flow_id: str | None
    train: bool
    rule: DecisionRule
    reason: str
    numbers: dict[str, float]
    due_at: UtcTime | None = Field(
        default=None, description="The time of its schedule that was due; null when it was none."
    )
    training_job_id: str | None = None
    created_at: UtcTime
