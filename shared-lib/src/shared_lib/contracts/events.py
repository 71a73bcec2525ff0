"""The events of the fleet: past tense, versioned, ids only. Data never travels in an event."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, JsonValue

from shared_lib.contracts.base import Contract, UtcTime
from shared_lib.contracts.catalog import SourceTable, VersionPurpose
from shared_lib.contracts.conversions import ConversionOptions
from shared_lib.contracts.jobs import JobSummary
from shared_lib.contracts.plans import FlowPlan
from shared_lib.contracts.services import ServiceName
from shared_lib.contracts.verdicts import Verdict


class Event(Contract):
    """The envelope. `payload` is validated against the model of `name`."""

    id: str
    name: str
    schema_version: int
    producer: ServiceName
    tenant: str
    flow_id: str | None = None
    occurred_at: UtcTime
    payload: dict[str, JsonValue]


class LandedFile(Contract):
    """A file of a landed version and where its bytes are."""

    file_id: str
    path: str = Field(description="Relative path inside the version, with forward slashes.")
    object_key: str
    sha256: str
    bytes: int


class DatasetVersionLanded(Contract):
    """`dataset_version.landed`: bytes and catalog rows are durable."""

    dataset_id: str
    dataset_name: str
    version_id: str
    version_number: int
    files: list[LandedFile]
    purpose: VersionPurpose = Field(
        default="tables", description="`documents` are read by knowledge bases and not converted."
    )
    options: ConversionOptions = ConversionOptions()
    plan: FlowPlan | None = None


class DatasetVersionDerived(Contract):
    """`dataset_version.derived`: a version will be made from a table, by a job whose subject it is.

    The dataset is made when there is none of its name.
    """

    dataset_id: str
    dataset_name: str
    version_id: str
    source: SourceTable


class TablePublished(Contract):
    """`table.published`: a typed table version can be read."""

    dataset_id: str
    version_id: str
    file_id: str = Field(
        description="The landed file; the version's own id when the table was made from a table."
    )
    table_id: str
    table_version_id: str
    table_name: str
    dataset_name: str = ""
    version_number: int = 0
    parts: list[str] = Field(default=[], description="Keys of its Parquet files, in order.")
    job_id: str
    tables: int = Field(default=1, ge=1, description="How many tables this job published.")
    rows: int
    columns: int
    bytes_in: int
    bytes_out: int
    quarantined_rows: int
    widened_columns: list[str] = []
    plan: FlowPlan | None = None


class RequestedJudgement(Contract):
    """A judgement that is asked for, and the job that makes it."""

    judgement_id: str
    suite_name: str
    job_id: str


class JudgementsRequested(Contract):
    """`judgements.requested`: the suites that will judge a table version; there may be none."""

    version_id: str
    file_id: str
    table_version_id: str
    judgements: list[RequestedJudgement]


class QualityJudged(Contract):
    """`quality.judged`: a verdict was found, or a person has changed it."""

    judgement_id: str
    suite_id: str
    suite_name: str
    suite_version: int
    dataset_name: str
    version_id: str
    file_id: str
    table_id: str
    table_version_id: str
    job_id: str
    verdict: Verdict
    found: Verdict
    overridden_by: str | None = None
    reasons: list[str] = Field(default=[], max_length=20)
    remedies: list[str] = Field(default=[], max_length=20)
    checks: int
    passed: int
    revision: int = Field(description="Grows with each change: a late event is told from a new.")


class TrainingDecision(Contract):
    """Whether a pipeline trains on a table version, and by which rule.

    Without a trigger it is the flow's own plan that asked.
    """

    decision_id: str
    trigger_id: str | None = None
    pipeline: str
    train: bool
    rule: str
    reason: str
    training_job_id: str | None = None
    job_id: str | None = None
    report: Literal["never", "when_trained", "always"] = Field(
        default="never", description="When a report follows, for which the flow waits."
    )


class TrainingDecided(Contract):
    """`training.decided`: what plan and triggers said of a table version; perhaps nothing."""

    version_id: str
    file_id: str
    table_version_id: str
    decisions: list[TrainingDecision]
    revision: int = Field(description="Grows with each verdict that was decided upon.")


class TrainingFinished(Contract):
    """`training.finished`: a pipeline has left its results."""

    training_job_id: str
    job_id: str
    pipeline: str
    commit: str
    dataset_name: str
    version_id: str
    file_id: str
    table_version_id: str
    metrics: dict[str, float]
    stages_run: int
    stages_cached: int
    model: str
    model_version: int
    alias: Literal["champion", "challenger"]
    promotion: str = Field(description="Why it became what it is, in a sentence.")


class ReportPublished(Contract):
    """`report.published`: a training, or why there was none, is reported."""

    report_id: str
    job_id: str
    subject_id: str = Field(description="The training job, or the decision not to train.")
    model: str
    outcome: str
    comment_url: str | None = Field(default=None, description="On the pull request.")


class RequestedBuild(Contract):
    """A build of a knowledge base that is asked for, and the job that makes it."""

    build_id: str
    base_id: str
    base_name: str
    job_id: str


class BuildsRequested(Contract):
    """`builds.requested`: the bases that will be built from a version; there may be none."""

    version_id: str
    builds: list[RequestedBuild]


class KnowledgeBaseBuilt(Contract):
    """`knowledge_base.built`: a base has a new build that can be searched."""

    base_id: str
    base_name: str
    build_id: str
    number: int
    version_id: str
    job_id: str
    embed_job_id: str | None = None
    found: int
    parsed: int
    skipped: int
    failed: int
    records: int
    added: int
    changed: int
    moved: int
    deleted: int


class JobChanged(Contract):
    """`job.changed`: `revision` grows with each change, so that a late event is told from a new."""

    job: JobSummary
    revision: int


@dataclass(frozen=True)
class EventSpec:
    """One event: its name, the version of its payload, its model, who hears it."""

    name: str
    schema_version: int
    payload: type[Contract]
    subscribers: tuple[ServiceName, ...]


DATASET_VERSION_LANDED = EventSpec(
    name="dataset_version.landed",
    schema_version=2,
    payload=DatasetVersionLanded,
    subscribers=(ServiceName.PARQUET, ServiceName.KNOWLEDGEBASE),
)
DATASET_VERSION_DERIVED = EventSpec(
    name="dataset_version.derived",
    schema_version=1,
    payload=DatasetVersionDerived,
    subscribers=(ServiceName.INGEST,),
)
TABLE_PUBLISHED = EventSpec(
    name="table.published",
    schema_version=3,
    payload=TablePublished,
    subscribers=(ServiceName.INGEST, ServiceName.QUALITY, ServiceName.TRAINING),
)
JUDGEMENTS_REQUESTED = EventSpec(
    name="judgements.requested",
    schema_version=1,
    payload=JudgementsRequested,
    subscribers=(ServiceName.INGEST, ServiceName.TRAINING),
)
QUALITY_JUDGED = EventSpec(
    name="quality.judged",
    schema_version=1,
    payload=QualityJudged,
    subscribers=(ServiceName.INGEST, ServiceName.TRAINING),
)
TRAINING_DECIDED = EventSpec(
    name="training.decided",
    schema_version=2,
    payload=TrainingDecided,
    subscribers=(ServiceName.INGEST,),
)
TRAINING_FINISHED = EventSpec(
    name="training.finished",
    schema_version=1,
    payload=TrainingFinished,
    subscribers=(ServiceName.INGEST,),
)
REPORT_PUBLISHED = EventSpec(
    name="report.published",
    schema_version=1,
    payload=ReportPublished,
    subscribers=(ServiceName.INGEST,),
)
BUILDS_REQUESTED = EventSpec(
    name="builds.requested",
    schema_version=1,
    payload=BuildsRequested,
    subscribers=(ServiceName.INGEST,),
)
KNOWLEDGE_BASE_BUILT = EventSpec(
    name="knowledge_base.built",
    schema_version=1,
    payload=KnowledgeBaseBuilt,
    subscribers=(ServiceName.INGEST,),
)
JOB_CHANGED = EventSpec(
    name="job.changed",
    schema_version=1,
    payload=JobChanged,
    subscribers=(ServiceName.INGEST,),
)

EVENTS: dict[str, EventSpec] = {
    spec.name: spec
    for spec in (
        DATASET_VERSION_LANDED,
        DATASET_VERSION_DERIVED,
        TABLE_PUBLISHED,
        JUDGEMENTS_REQUESTED,
        QUALITY_JUDGED,
        TRAINING_DECIDED,
        TRAINING_FINISHED,
        REPORT_PUBLISHED,
        BUILDS_REQUESTED,
        KNOWLEDGE_BASE_BUILT,
        JOB_CHANGED,
    )
}
