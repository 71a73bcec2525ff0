"""The statistics of columns as a table, with their distributions drawn in letters."""

from typing import TYPE_CHECKING, Any

from shared_lib.console import Column, Output
from shared_lib.console.formats import format_count, format_share, sparkline
from shared_lib.contracts.conversions import ColumnProfile

if TYPE_CHECKING:
    from datafleet.models import Profile

_LONGEST = 24


def print_profile(output: Output, profile: "Profile") -> None:
    """A line a column."""
    rows = profile.profile.rows
    output.table(profile.profile.columns, columns=_columns(rows))
    inexact = any(
        not (column.distinct_exact and column.quantiles_exact and column.top_exact)
        for column in profile.profile.columns
    )
    if inexact and output.for_people:
        sample = profile.profile.sample_rows
        of = f", from a sample of {format_count(sample)} of {format_count(rows)} rows"
        output.say(f"~ is an estimate{of if sample < rows else ''}")


def _columns(rows: int) -> tuple[Column[ColumnProfile], ...]:
    def show_nulls(count: int) -> str:
        return format_share(count, rows)

    return (
        Column("column", lambda column: column.name),
        Column("type", lambda column: column.type),
        Column("meaning", _meaning),
        Column("null", lambda column: column.nulls, show=show_nulls, right=True),
        Column("distinct", _distinct, right=True),
        Column("distribution", _distribution),
        Column("min", lambda column: column.min, show=_shorten),
        Column("max", lambda column: column.max, show=_shorten),
        Column("mean", lambda column: column.mean, show=_shorten, right=True),
    )


def _meaning(column: ColumnProfile) -> str | None:
    if column.meaning is None:
        return None
    said = column.meaning.kind.replace("_", " ")
    return f"{said}, personal" if column.meaning.personal and said != "personal" else said


def _distinct(column: ColumnProfile) -> str | None:
    if column.distinct is None:
        return None
    return f"{'' if column.distinct_exact else '~'}{column.distinct}"


def _distribution(column: ColumnProfile) -> str | None:
    return sparkline([bin_.count for bin_ in column.histogram]) if column.histogram else None


def _shorten(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
