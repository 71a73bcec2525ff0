"""A table in Parquet files, and the names its types go by."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from svc_quality.checks.errors import NoTableError


@dataclass(frozen=True)
class Table:
    """Parquet files of one schema, scanned when they are needed."""

    frame: pl.LazyFrame
    schema: dict[str, pl.DataType]
    rows: int

    @classmethod
    def scan(cls, parts: Sequence[Path]) -> "Table":
        """The files as one table; only their footers are read.

        Raises:
            NoTableError: a file is not Parquet, or they differ in schema.
        """
        frame = pl.scan_parquet([str(part) for part in parts])
        try:
            schema = dict(frame.collect_schema())
            rows = frame.select(pl.len()).collect().item()
        except pl.exceptions.PolarsError as error:
            raise NoTableError(f"{parts[0].name} cannot be read as Parquet: {error}.") from error
        return cls(frame=frame, schema=schema, rows=rows)


def type_name(dtype: pl.DataType) -> str:
    """The name that suites and table pages use for a type, without its parameters."""
    if dtype.is_integer():
        return "int64"
    if dtype.is_float():
        return "float64"
    if dtype.is_decimal():
        return "decimal"
    names: list[tuple[type[pl.DataType], str]] = [
        (pl.String, "string"),
        (pl.Boolean, "boolean"),
        (pl.Date, "date"),
        (pl.Datetime, "datetime"),
    ]
    return next((name for kind, name in names if isinstance(dtype, kind)), str(dtype).lower())


def is_identifier(values: pl.Series, *, at_least: int) -> bool:
    """Whole numbers or single words of which no two are equal; in few rows that may be chance."""
    if len(values) < at_least or values.n_unique() < len(values):
        return False
    if isinstance(values.dtype, pl.String):
        return values.str.contains(r"\s").sum() * 2 < len(values)
    return values.dtype.is_integer()
