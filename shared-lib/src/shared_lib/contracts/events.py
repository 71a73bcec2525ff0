"""The events of the fleet: past tense, versioned, ids only. Data never travels in an event."""

from dataclasses import dataclass

from pydantic import Field, JsonValue

from shared_lib.contracts.base import Contract, UtcTime
from shared_lib.contracts.conversions import ConversionOptions
from shared_lib.contracts.jobs import JobSummary
from shared_lib.contracts.services import ServiceName


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
    options: ConversionOptions = ConversionOptions()


class TablePublished(Contract):
    """`table.published`: a typed table version can be read."""

    dataset_id: str
    version_id: str
    file_id: str
    table_id: str
    table_version_id: str
    table_name: str
    job_id: str
    rows: int
    columns: int
    bytes_in: int
    bytes_out: int
    quarantined_rows: int
    widened_columns: list[str] = []


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
    schema_version=1,
    payload=DatasetVersionLanded,
    subscribers=(ServiceName.PARQUET,),
)
TABLE_PUBLISHED = EventSpec(
    name="table.published",
    schema_version=1,
    payload=TablePublished,
    subscribers=(ServiceName.INGEST,),
)
JOB_CHANGED = EventSpec(
    name="job.changed",
    schema_version=1,
    payload=JobChanged,
    subscribers=(ServiceName.INGEST,),
)

EVENTS: dict[str, EventSpec] = {
    spec.name: spec for spec in (DATASET_VERSION_LANDED, TABLE_PUBLISHED, JOB_CHANGED)
}
