"""Questions to a table: SQL, and its rows page by page."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from shared_lib.contracts.base import Contract
from shared_lib.contracts.tables import ColumnView

DEFAULT_ROWS = 10_000
COUNTED_ROWS = 10_000
"""Matching rows are counted up to here; beyond it the page says `more than`."""


class QueryCreate(Contract):
    """The body of `POST /v1/tables/{id}/query`."""

    sql: Annotated[str, StringConstraints(min_length=1, max_length=100_000)] = Field(
        description="One SELECT in DuckDB's SQL; the table is called `data`."
    )
    version: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Left out: the newest."
    )
    limit: Annotated[int, Field(ge=1)] = Field(
        default=DEFAULT_ROWS,
        description="Rows to answer at most; when there are more, `Fleet-Truncated` says so.",
    )


class ResultColumn(Contract):
    """A column of an answer, with its type in DuckDB's words."""

    name: str
    type: str


class QueryAnswer(Contract):
    """An answer as JSON; values that JSON cannot hold exactly are given as text."""

    columns: list[ResultColumn]
    rows: list[list[JsonValue]]
    truncated: bool = Field(description="Whether there were more rows than were asked for.")


FilterOperation = Literal["eq", "ne", "lt", "le", "gt", "ge", "contains", "null", "notnull"]


class RowFilter(Contract):
    """A condition on one column, written `column:operation:value` in an address."""

    column: str
    operation: FilterOperation
    value: str = ""


class RowPage(Contract):
    """Rows of a table from `offset` on."""

    table_id: str
    table_version_id: str
    columns: list[ColumnView]
    rows: list[list[JsonValue]]
    offset: int
    total: int = Field(description="Rows that match; see `total_exact`.")
    total_exact: bool = Field(description="False: there are more than `total`.")
