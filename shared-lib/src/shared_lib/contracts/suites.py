"""A suite: what must hold of a table before anybody builds on it. Written as YAML or JSON.

A check that needs the rows says how many of them may break it (`max_share`); `severity` says
whether a broken check warns or fails the gate.
"""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from shared_lib.contracts.base import Contract
from shared_lib.contracts.conversions import Scalar

Severity = Literal["warn", "fail"]
Share = Annotated[float, Field(ge=0, le=1)]
SuiteName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
ColumnName = Annotated[str, StringConstraints(min_length=1)]


class _Check(Contract):
    severity: Severity = Field(default="fail", description="What a broken check does to the gate.")


class _ColumnCheck(_Check):
    column: ColumnName
    max_share: Share = Field(default=0.0, description="Share of rows that may break the rule.")


class ColumnsCheck(_Check):
    """Each named column is there and has its type."""

    check: Literal["columns"]
    columns: dict[str, str | None] = Field(
        description="Column to type: string, int64, float64, decimal, boolean, date, datetime; "
        "null takes any type."
    )
    others: Literal["allow", "refuse"] = Field(
        default="allow", description="Whether there may be columns that are not named here."
    )


class RowsCheck(_Check):
    """How many rows there are, and how much their number may differ from the reference's."""

    check: Literal["rows"]
    min: int | None = Field(default=None, ge=0)
    max: int | None = Field(default=None, ge=0)
    max_change: float | None = Field(
        default=None, ge=0, description="0.5: between half and one and a half times the reference."
    )


class FreshnessCheck(_Check):
    """The newest time of a column is not older than this when the table is judged."""

    check: Literal["freshness"]
    column: ColumnName
    max_age: timedelta = Field(description="ISO 8601 duration such as `P2D` or `PT6H`, or seconds.")


class UniqueCheck(_Check):
    """No two rows are equal in these columns."""

    check: Literal["unique"]
    columns: Annotated[list[ColumnName], Field(min_length=1)]


class NullsCheck(_ColumnCheck):
    """Values are there."""

    check: Literal["nulls"]


class RangeCheck(_ColumnCheck):
    """Values lie between two ends, which belong to the range. Dates are ISO 8601 text."""

    check: Literal["range"]
    min: Scalar = None
    max: Scalar = None

    @model_validator(mode="after")
    def _has_an_end(self) -> "RangeCheck":
        if self.min is None and self.max is None:
            raise ValueError("a range has a `min`, a `max`, or both")
        return self


class ValuesCheck(_ColumnCheck):
    """Values belong to a set."""

    check: Literal["values"]
    values: Annotated[list[Scalar], Field(min_length=1, max_length=10_000)]


class PatternCheck(_ColumnCheck):
    """The whole text of each value matches a regular expression (the `regex` syntax of Rust)."""

    check: Literal["pattern"]
    pattern: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class RowRuleCheck(_Check):
    """An SQL expression that must not be false for any row, as a CHECK constraint (SQL:2016)."""

    check: Literal["row_rule"]
    sql: Annotated[str, StringConstraints(min_length=1, max_length=5000)]
    max_share: Share = 0.0


class DriftCheck(_Check):
    """Columns are distributed as in the reference.

    A column has drifted when the test is significant after correction (Holm 1979) **and** the
    effect is large enough: numbers by Kolmogorov-Smirnov with the Wasserstein distance in standard
    deviations of the reference, all else by chi-square with Cramér's V. A share of missing values
    is a test of its own. Effects above the `warn` floors warn, above the `fail` floors fail.
    """

    check: Literal["drift"]
    columns: list[ColumnName] | None = Field(
        default=None, description="Left out: all that can be compared."
    )
    label: ColumnName | None = Field(
        default=None, description="The column a model predicts; reported as such."
    )
    alpha: float = Field(default=0.01, gt=0, lt=1, description="Level for all tests together.")
    numeric_floors: tuple[float, float] = Field(
        default=(0.05, 0.2), description="Warn and fail, in standard deviations."
    )
    categorical_floors: tuple[float, float] = Field(
        default=(0.025, 0.1), description="Warn and fail, as Cramér's V."
    )


class TextDriftCheck(_Check):
    """Texts mean what they meant in the reference, by their embeddings.

    A sample of each column (the first 4,000 characters of a text) is compared with one of the
    reference by the maximum mean discrepancy (Gretton et al. 2012). A column has drifted when its
    permutation test is significant after correction (Holm 1979) **and** the two are far enough
    apart, measured in the reference's own spread: above the `warn` floor it warns, above the `fail`
    floor it fails.
    """

    check: Literal["text_drift"]
    columns: Annotated[list[ColumnName], Field(min_length=1, max_length=20)]
    rows: int = Field(
        default=500, ge=20, le=2000, description="Texts that are embedded of each side and column."
    )
    alpha: float = Field(
        default=0.01, ge=0.001, lt=1, description="Level for all columns of the check together."
    )
    floors: tuple[float, float] = Field(
        default=(0.05, 0.15), description="Warn and fail, in spreads of the reference."
    )


class DeepchecksCheck(_Check):
    """A suite of deepchecks, run beside us on a sample; each of its checks is a result."""

    check: Literal["deepchecks"]
    suite: Literal["data_integrity", "train_test_validation"]
    label: ColumnName | None = None
    rows: int = Field(default=10_000, ge=100, le=200_000, description="Sampled of each table.")


RowCheck = NullsCheck | RangeCheck | ValuesCheck | PatternCheck | RowRuleCheck
TableCheck = (
    ColumnsCheck
    | RowsCheck
    | FreshnessCheck
    | UniqueCheck
    | DriftCheck
    | TextDriftCheck
    | DeepchecksCheck
)
Check = Annotated[RowCheck | TableCheck, Field(discriminator="check")]


class Suite(Contract):
    """A named list of checks."""

    name: SuiteName
    description: Annotated[str, StringConstraints(max_length=2000)] = ""
    checks: Annotated[list[Check], Field(min_length=1, max_length=2000)]
