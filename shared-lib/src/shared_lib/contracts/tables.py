"""What svc-parquet answers: conversions and tables."""

from typing import Literal

from pydantic import Field

from shared_lib.contracts.base import Contract, UtcTime
from shared_lib.contracts.conversions import (
    ConversionOptions,
    ConversionReport,
    Decisions,
    NotConverted,
    QuarantineSummary,
    TableProfile,
    TableSource,
    Widening,
)
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.jobs import JobState


class ConversionCreate(Contract):
    """The body of `POST /v1/conversions`: convert a landed file again, with other options."""

    file_id: str
    options: ConversionOptions = ConversionOptions()


class PreviewedTable(Contract):
    """How a table would be read, judged by the start of its file."""

    source: TableSource
    decisions: Decisions
    widened: list[Widening] = []
    quarantine: QuarantineSummary
    rows: list[list[object]] = Field(description="The first rows, at most 20.")


class ConversionPreview(Contract):
    """What a conversion would decide. Nothing of it is kept."""

    complete: bool = Field(description="Whether the whole file was looked at.")
    tables: list[PreviewedTable] = []
    not_converted: list[NotConverted] = []
    error: Problem | None = Field(default=None, description="Why it would fail, if it would.")


class CorrectedRow(Contract):
    """A row of a quarantine, put right; an empty text drops it."""

    byte: int = Field(ge=0, description="The row's `byte` in the quarantine.")
    text: str = Field(max_length=1_000_000)


class QuarantineReplay(Contract):
    """The body of `POST /v1/conversions/{id}/replay`."""

    rows: list[CorrectedRow] = Field(min_length=1, max_length=1000)


class ConvertedTableView(Contract):
    """A table that a conversion published."""

    table_id: str
    table_version_id: str
    name: str
    source: TableSource
    rows: int
    quarantined_rows: int


class ConversionView(Contract):
    """One conversion of one file. A file of several tables has the first one's ids and report."""

    id: str
    file_id: str
    path: str
    dataset_id: str
    version_id: str
    flow_id: str | None
    job_id: str
    state: JobState
    options: ConversionOptions
    replays: str | None = Field(
        default=None, description="The conversion whose quarantined rows were put right."
    )
    table_id: str
    table_version_id: str | None = None
    report: ConversionReport | None = None
    tables: list[ConvertedTableView] = Field(
        default=[], description="All tables that came out, in the order of the file."
    )
    not_converted: list[NotConverted] = Field(
        default=[], description="Parts of the file that gave no table, and why."
    )
    error: Problem | None = None
    created_at: UtcTime


class ColumnView(Contract):
    """A column of a table version and why it has its type."""

    name: str
    type: str
    origin: str
    reason: str


VersionOrigin = Literal["conversion", "task_dataset", "append", "compaction"]
"""What made a table version."""


class TableVersionView(Contract):
    """An immutable version of a table: a list of Parquet parts."""

    id: str
    number: int
    origin: VersionOrigin = "conversion"
    file_id: str
    dataset_version_id: str
    flow_id: str | None
    source: TableSource = TableSource()
    rows: int
    bytes_in: int
    bytes: int = Field(description="Size of the Parquet parts together.")
    parts: int = Field(default=1, description="How many Parquet files it is made of.")
    quarantined_rows: int
    columns: list[ColumnView]
    created_at: UtcTime


class TableView(Contract):
    """A table and its newest version."""

    id: str
    name: str
    dataset_id: str
    dataset_name: str
    versions: int
    latest_version: TableVersionView | None = None
    created_at: UtcTime


class TablePreview(Contract):
    """The first rows. Values that JSON cannot hold exactly are given as text."""

    table_id: str
    table_version_id: str
    columns: list[ColumnView]
    rows: list[list[object]]
    total_rows: int


class TableProfileView(Contract):
    """The statistics of a table version and the decisions that led to it."""

    table_id: str
    table_version_id: str
    profile: TableProfile
    decisions: Decisions | None = Field(
        default=None, description="How the file was read; null when the table was made from tables."
    )
