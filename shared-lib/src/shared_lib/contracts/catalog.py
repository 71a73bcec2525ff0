"""What svc-ingest answers: datasets, versions, files, uploads, flows, statistics."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared_lib.contracts.base import Contract, UtcTime
from shared_lib.contracts.conversions import ConversionOptions
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.plans import FlowPlan
from shared_lib.contracts.verdicts import Verdict

DatasetName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""Letters, digits, dot, underscore and hyphen; at most 100; starts with a letter or a digit."""


VersionPurpose = Literal["tables", "documents"]
"""What a version's files become: tables, or records of knowledge bases."""


class DatasetCreate(Contract):
    """The body of `POST /v1/datasets`."""

    name: DatasetName
    description: Annotated[str, StringConstraints(max_length=2000)] = ""


class FileView(Contract):
    """One landed file, byte for byte as it came."""

    id: str
    path: str
    sha256: str
    bytes: int
    created_at: UtcTime


class SourceTable(Contract):
    """The table version that something was made from."""

    dataset_name: str
    table_id: str
    table_name: str
    table_version_id: str
    table_version_number: int


class VersionView(Contract):
    """One immutable version of a dataset."""

    id: str
    dataset_id: str
    dataset_name: str
    number: int
    flow_id: str
    files: list[FileView]
    bytes: int
    made_from: SourceTable | None = Field(
        default=None,
        description="Set when the version was made from a table; it then has no landed files.",
    )
    verdict: Verdict | None = Field(
        default=None,
        description="The worst of its tables' newest verdicts, by all suites; null when nothing "
        "has judged it.",
    )
    created_at: UtcTime


class DatasetView(Contract):
    """A dataset and its newest version."""

    id: str
    name: str
    description: str
    versions: int
    latest_version: VersionView | None = None
    created_at: UtcTime


class UploadState(StrEnum):
    """An upload is visible to nobody until it is received."""

    RECEIVING = "receiving"
    RECEIVED = "received"
    LANDED = "landed"
    ABORTED = "aborted"


class UploadView(Contract):
    """Received bytes. `deduplicated` says that the same content was already there."""

    id: str
    state: UploadState
    path: str
    bytes: int
    sha256: str
    deduplicated: bool
    created_at: UtcTime
    version: VersionView | None = Field(
        default=None, description="The version it landed in, when `dataset` was given."
    )


class UploadedPath(Contract):
    """A received upload and the path it takes inside the version."""

    upload_id: str
    path: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None


class VersionCreate(Contract):
    """The body of `POST /v1/datasets/{dataset}/versions`: land received uploads as one version."""

    uploads: Annotated[list[UploadedPath], Field(min_length=1, max_length=10_000)]
    options: ConversionOptions = ConversionOptions()
    purpose: VersionPurpose = Field(
        default="tables",
        description="`documents` are not converted; the knowledge bases of the dataset read them.",
    )


class FlowCreate(FlowPlan, VersionCreate):
    """The body of `POST /v1/flows`: land received uploads, and say what shall become of them."""

    dataset: DatasetName

    @property
    def plan(self) -> FlowPlan | None:
        """What is asked beside landing; None when nothing is."""
        names = FlowPlan.model_fields.keys()
        asked = {name: getattr(self, name) for name in self.model_fields_set & names}
        return FlowPlan(**asked) if asked else None


class FlowState(StrEnum):
    """The flow as a whole: failed when any of its files failed and nothing is running."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepState(StrEnum):
    """One step of a flow."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class FlowStep(Contract):
    """A step: what (`landed`, `converted`, `published`), of which file, when, with what outcome.

    `facts` are numbers worth showing (rows, bytes), `links` are paths below the gateway.
    """

    name: str
    state: StepState
    subject: str | None = None
    started_at: UtcTime
    ended_at: UtcTime | None = None
    duration_s: float | None = None
    job_id: str | None = None
    facts: dict[str, int | float | str | bool] = {}
    links: dict[str, str] = {}
    error: Problem | None = None


class FlowView(Contract):
    """One journey of one dataset version."""

    id: str
    dataset_id: str
    dataset_name: str
    version_id: str
    version_number: int
    state: FlowState
    created_at: UtcTime
    ended_at: UtcTime | None = None
    plan: FlowPlan | None = Field(default=None, description="What was asked when it began.")
    steps: list[FlowStep] = []


class FlowSummary(Contract):
    """A flow in a list."""

    id: str
    dataset_name: str
    version_number: int
    state: FlowState
    files: int
    bytes: int
    created_at: UtcTime
    ended_at: UtcTime | None = None


class DayStatistics(Contract):
    """What landed on one UTC day."""

    day: str
    files: int
    bytes: int


class FormatStatistics(Contract):
    """Landed files by the last part of their name, such as `csv`."""

    format: str
    files: int
    bytes: int


class Statistics(Contract):
    """Exact totals of a tenant; `bytes_stored` counts identical content once."""

    as_of: UtcTime
    datasets: int
    versions: int
    files: int
    bytes_landed: int
    bytes_stored: int
    bytes_as_tables: int
    rows_published: int
    by_day: list[DayStatistics]
    by_format: list[FormatStatistics]
