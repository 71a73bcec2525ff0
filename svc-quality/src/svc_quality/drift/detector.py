"""Which columns of two tables can be compared, how, and what came of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import polars as pl

from shared_lib.contracts.quality import DriftMeasure
from shared_lib.contracts.suites import DriftCheck
from svc_quality.checks.table import Table, is_identifier, type_name
from svc_quality.drift.two_sample import Numbers, compare_categories, compare_numbers, holm

SAMPLE_ROWS = 100_000
"""Of each table; a shift of 0.05 standard deviations is significant with a tenth of them."""

MANY_CATEGORIES = 200
_SEED = 20_260_101


class Aspect(StrEnum):
    """What of a column is compared."""

    VALUES = "values"
    LENGTH = "length"
    NULLS = "nulls"


@dataclass(frozen=True)
class ColumnDrift:
    """One test of one column, or the reason for which there is none."""

    column: str
    aspect: Aspect
    measure: DriftMeasure | None = None
    skipped: str | None = None
    impossible: str | None = None


Progress = Callable[[int, int], None]


def measure_drift(
    reference: Table, current: Table, *, check: DriftCheck, progress: Progress = lambda _d, _t: None
) -> list[ColumnDrift]:
    """Every test of the check, with p-values corrected for all of them together.

    One column at a time is in memory, at most 100,000 sampled rows of it from each table.
    """
    found: list[ColumnDrift] = []
    names = check.columns or [name for name in reference.schema if name in current.schema]
    for number, name in enumerate(names):
        found += _compare(name, reference, current, asked=check.columns is not None)
        progress(number + 1, len(names))
    measured = [each for each in found if each.measure is not None]
    adjusted = iter(holm([each.measure.p_value for each in measured if each.measure]))
    return [_adjust(each, adjusted) for each in found]


def _adjust(found: ColumnDrift, adjusted: Iterator[float]) -> ColumnDrift:
    if found.measure is None:
        return found
    return replace(found, measure=found.measure.model_copy(update={"p_adjusted": next(adjusted)}))


def _compare(name: str, reference: Table, current: Table, *, asked: bool) -> list[ColumnDrift]:
    for table, when in ((reference, "in the reference"), (current, "now")):
        if name not in table.schema:
            return [_impossible(name, f"There is no column {name} {when}.")]
    kinds = [_kind(table.schema[name]) for table in (reference, current)]
    if kinds[0] != kinds[1]:
        was, now = type_name(reference.schema[name]), type_name(current.schema[name])
        return [_impossible(name, f"{name} was {was} in the reference and is {now} now.")]
    if kinds[0] is None:
        return [_skipped(name, f"{name} is {type_name(current.schema[name])}, never compared.")]
    if isinstance(current.schema[name], pl.Date | pl.Datetime) and not asked:
        return [_skipped(name, f"{name} is a time, which moves on. Name it to compare it.")]
    first, second = sample(reference, name), sample(current, name)
    return [*_nulls(name, first, second), *_values(name, first, second, asked=asked)]


def _impossible(name: str, why: str) -> ColumnDrift:
    return ColumnDrift(column=name, aspect=Aspect.VALUES, impossible=why)


def _skipped(name: str, why: str) -> ColumnDrift:
    return ColumnDrift(column=name, aspect=Aspect.VALUES, skipped=why)


def _kind(dtype: pl.DataType) -> str | None:
    if dtype.is_numeric() or isinstance(dtype, pl.Date | pl.Datetime):
        return "numbers"
    return "categories" if isinstance(dtype, pl.String | pl.Boolean) else None


def sample(table: Table, name: str) -> pl.Series:
    """The column, or a pseudo-random part of its rows; the same part whenever it is asked."""
    frame = table.frame.select(name)
    if table.rows > SAMPLE_ROWS:
        row = pl.row_index("row")
        kept = row.hash(seed=_SEED) < int(2**64 * SAMPLE_ROWS / table.rows)
        frame = frame.filter(kept)
    return frame.collect(engine="streaming").to_series()


def _nulls(name: str, first: pl.Series, second: pl.Series) -> list[ColumnDrift]:
    sides = [{"missing": s.null_count(), "there": len(s) - s.null_count()} for s in (first, second)]
    if not any(side["missing"] for side in sides) or not all(map(len, (first, second))):
        return []
    return [ColumnDrift(column=name, aspect=Aspect.NULLS, measure=compare_categories(*sides))]


def _values(name: str, first: pl.Series, second: pl.Series, *, asked: bool) -> list[ColumnDrift]:
    first, second = first.drop_nulls(), second.drop_nulls()
    if first.is_empty() or second.is_empty():
        return [_skipped(name, f"{name} has no value on one of the two sides.")]
    aspect = Aspect.VALUES
    if not asked and is_identifier(first, at_least=20):
        return [_skipped(name, f"{name} differs in every row, as an identifier does.")]
    if isinstance(first.dtype, pl.String) and first.n_unique() > MANY_CATEGORIES:
        aspect = Aspect.LENGTH
        first, second = first.str.len_chars(), second.str.len_chars()
    if _kind(first.dtype) == "categories":
        measure = compare_categories(_counts(first), _counts(second))
    else:
        numbers = _numbers(first), _numbers(second)
        if not all(map(len, numbers)):
            return [_skipped(name, f"{name} has no finite value on one of the two sides.")]
        measure = compare_numbers(*numbers)
    return [ColumnDrift(column=name, aspect=aspect, measure=measure)]


def _counts(values: pl.Series) -> dict[str, int]:
    counted = values.cast(pl.String).value_counts()
    return dict(zip(counted.to_series(0), counted.to_series(1), strict=True))


def _numbers(values: pl.Series) -> Numbers:
    if values.dtype.is_temporal():
        values = values.dt.epoch("ms")
    numbers = values.cast(pl.Float64)
    return numbers.filter(numbers.is_finite()).to_numpy()
