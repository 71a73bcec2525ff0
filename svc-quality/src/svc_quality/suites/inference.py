"""A suite that a good table would pass, and that the next good table passes as well.

What is seen is widened before it becomes a rule: bounds taken as they are reject the next table
although nothing changed. The suite is a beginning, for people to tighten.
"""

import math
from collections.abc import Iterator

import polars as pl

from shared_lib.contracts.suites import (
    Check,
    ColumnsCheck,
    DriftCheck,
    NullsCheck,
    RangeCheck,
    RowsCheck,
    Suite,
    UniqueCheck,
    ValuesCheck,
)
from svc_quality.checks.table import Table, is_identifier, type_name

FEW_VALUES = 30
SEEN_AT_LEAST = 5
"""A value that was seen less often may have sisters that were not seen at all."""


def infer_suite(table: Table, *, name: str, label: str | None = None) -> Suite:
    """Types, sizes, missing values, ranges, sets, keys, and drift against this table.

    Args:
        table: a table that is good.
        name: the suite's name.
        label: the column that a model predicts, when there is one.
    """
    types = {column: type_name(dtype) for column, dtype in table.schema.items()}
    checks: list[Check] = [
        ColumnsCheck(check="columns", columns=dict(types)),
        RowsCheck(check="rows", min=1),
    ]
    if table.rows:
        checks.append(RowsCheck(check="rows", max_change=0.5, severity="warn"))
        for column, dtype in table.schema.items():
            checks += _of_column(table, column, dtype)
        checks.append(DriftCheck(check="drift", label=label))
    return Suite(
        name=name,
        description=f"Inferred from {table.rows:,} rows. Widen or tighten what you know better.",
        checks=checks,
    )


def _of_column(table: Table, column: str, dtype: pl.DataType) -> Iterator[Check]:
    values = table.frame.select(column).collect(engine="streaming").to_series()
    missing = values.null_count()
    yield NullsCheck(
        check="nulls", column=column, max_share=_widened_share(missing, rows=table.rows)
    )
    values = values.drop_nulls()
    if values.is_empty():
        return
    if missing == 0 and is_identifier(values, at_least=100):
        yield UniqueCheck(check="unique", columns=[column])
    elif dtype.is_numeric():
        yield from _range(column, values)
    elif isinstance(dtype, pl.String):
        yield from _set(column, values)


def _widened_share(missing: int, *, rows: int) -> float:
    """None stays none; else three standard errors and two points in a hundred above what is."""
    if missing == 0:
        return 0.0
    share = missing / rows
    return min(1.0, math.ceil((share + 0.02 + 3 * math.sqrt(share / rows)) * 1000) / 1000)


def _range(column: str, values: pl.Series) -> Iterator[Check]:
    """The span once more on both sides; what was never negative stays so."""
    finite = values.cast(pl.Float64).drop_nans()
    finite = finite.filter(finite.is_finite())
    if finite.is_empty():
        return
    low, high = _as_float(finite.min()), _as_float(finite.max())
    span = high - low
    lower = 0.0 if low >= 0 else low - span
    yield RangeCheck(
        check="range",
        column=column,
        min=float(f"{lower:.4g}"),
        max=float(f"{high + span:.4g}"),
        max_share=0.001,
        severity="warn",
    )


def _as_float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _set(column: str, values: pl.Series) -> Iterator[Check]:
    counted = values.value_counts()
    if len(counted) <= FEW_VALUES and min(counted["count"].to_list()) >= SEEN_AT_LEAST:
        known = sorted(counted.to_series(0).to_list())
        yield ValuesCheck(check="values", column=column, values=known, max_share=0.01)
