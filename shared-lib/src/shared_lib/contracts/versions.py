"""Versions that grow: appends, compactions, and what differs between two versions."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from shared_lib.contracts.base import Contract, UtcTime
from shared_lib.contracts.conversions import Scalar
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.jobs import JobState

Number = Annotated[int, Field(ge=1)]


class AppendCreate(Contract):
    """The body of `POST /v1/tables/{id}/appends`: the rows of a version behind those of this table.

    New columns are added, with nulls in the rows of before; columns that are missing are null in
    the new rows. A type is widened where every value stays exactly what it is.
    """

    source_table_id: str = Field(description="Another table, or this one.")
    source_version: Number | None = Field(default=None, description="Left out: the newest.")
    base_version: Number | None = Field(
        default=None,
        description="What it is appended to. Left out: what is newest when it is done.",
    )
    widen_to_text: bool = Field(
        default=False, description="Let a column become text where its types have nothing narrower."
    )


class TypeChange(Contract):
    """A column whose type is another in the new version."""

    column: str
    before: str
    after: str


class SchemaChanges(Contract):
    """How the columns of a version differ from those of another."""

    added: list[str] = []
    removed: list[str] = Field(default=[], description="Null in the rows that are appended.")
    retyped: list[TypeChange] = []


class TableChangeView(Contract):
    """An append or a compaction: a job that makes the next version of a table."""

    id: str
    kind: Literal["append", "compaction"]
    table_id: str
    source_version_id: str | None = None
    job_id: str
    flow_id: str | None = None
    state: JobState
    table_version_id: str | None = None
    number: int | None = Field(default=None, description="Of the version that was made.")
    parts_before: int | None = None
    parts_after: int | None = None
    parts_shared: int | None = Field(
        default=None, description="Files of earlier versions that the new one is made of too."
    )
    changes: SchemaChanges = SchemaChanges()
    error: Problem | None = None
    created_at: UtcTime


class RowsDiff(Contract):
    """Rows that are in one of two versions only; by key also those that are in both, changed.

    Without a key a changed row is one that is gone and one that is new.
    """

    key: list[str] = Field(default=[], description="Empty: rows are told by their content.")
    compared: list[str] = Field(description="The columns that both versions have.")
    added: int
    removed: int
    changed: int = 0
    changed_columns: dict[str, int] = {}
    duplicate_keys: int = Field(default=0, description="Keys that a version has several times.")
    first_added: list[list[JsonValue]] = Field(default=[], max_length=20)
    first_removed: list[list[JsonValue]] = Field(default=[], max_length=20)
    first_changed: list[list[JsonValue]] = Field(
        default=[], max_length=20, description="The key, a column, its value before and after."
    )


class ColumnDiff(Contract):
    """A column's statistics in both versions; null where a version does not have it."""

    column: str
    statistic: Literal["nulls", "distinct", "min", "max", "mean"]
    before: Scalar = None
    after: Scalar = None


class TableDiff(Contract):
    """What differs between two versions of a table: schema, rows, statistics."""

    table_id: str
    before: int
    after: int
    rows_before: int
    rows_after: int
    columns: SchemaChanges
    rows: RowsDiff
    statistics: list[ColumnDiff] = Field(description="Those that differ.")
