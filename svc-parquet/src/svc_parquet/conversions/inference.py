"""The narrowest type that keeps every text of a sample."""

import re
from collections.abc import Iterator
from itertools import product
from typing import Literal

import polars as pl

from svc_parquet.conversions.column_types import (
    DATE,
    INTEGER,
    NARROW_DIGITS,
    TEXT,
    WIDE_DIGITS,
    BooleanType,
    ColumnType,
    DatetimeType,
    DecimalType,
    FloatType,
)
from svc_parquet.conversions.errors import UnknownTypeError

SAMPLE_ROWS = 20_000

ColumnKind = Literal[
    "text",
    "json_string",
    "json_number",
    "json_boolean",
    "json_mixed",
    "cells_mixed",
    "fixed_text",
]
"""What may be inferred: anything (CSV), dates only, numbers only, booleans only, nothing."""

_NUMBER = r"^-?(0|[1-9][0-9]*)(?:\.([0-9]+))?$"
_BOOLEANS = [BooleanType(), BooleanType("True", "False"), BooleanType("TRUE", "FALSE")]
_NARROWEST: dict[ColumnKind, ColumnType] = {"json_number": INTEGER, "json_boolean": _BOOLEANS[0]}
_PATTERNS = [
    f"%Y-%m-%d{separator}%H:%M{rest}{zone}"
    for separator, rest, zone in product(
        (" ", "T"), (":%S", ":%S%.3f", ":%S%.6f", ":%S%.9f", ""), ("", "Z")
    )
]
_DIGITS = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}
_SHAPES = {
    pattern: re.compile(
        re.sub(
            r"%\.(\d)f|%\w",
            lambda found: (
                rf"\.[0-9]{{{found[1]}}}" if found[1] else rf"[0-9]{{{_DIGITS[found[0]]}}}"
            ),
            pattern,
        )
    )
    for pattern in _PATTERNS
}
"""What a text of each pattern looks like: few are then worth trying."""
_NUMERIC_START = re.compile(r"-?[0-9]")
_DATE_SHAPE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL_NAME = re.compile(r"decimal\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)")


def keeps(column_type: ColumnType, text: pl.Series) -> bool:
    """Whether every text of the sample survives the type."""
    # Lazily, because each question to the engine costs more than a small file's values.
    both = (
        text.alias("text")
        .to_frame()
        .lazy()
        .with_columns(column_type.parse(pl.col("text")).alias("value"))
    )
    proof = column_type.proof(pl.col("text"), pl.col("value"))
    if both.select(proof.alias("proof")).collect().item():
        return True
    frame = both.collect()
    return not column_type.misfits(frame["text"], frame["value"]).any()


def infer(text: pl.Series, *, kind: ColumnKind = "text") -> ColumnType:
    """The narrowest type that keeps every text of the series; text when nothing else does.

    A series without any value is text: it says nothing about what may come later. Only JSON tells
    the kind of values that come later, and its narrowest type is tried.
    """
    present = text.drop_nulls()
    if present.is_empty():
        return _NARROWEST.get(kind, TEXT)
    candidates = _candidates(present, kind=kind)
    return next((candidate for candidate in candidates if keeps(candidate, present)), TEXT)


def _candidates(present: pl.Series, *, kind: ColumnKind) -> Iterator[ColumnType]:
    """Types worth trying, narrowest first, told from the first text."""
    first = present[0]
    if kind in {"text", "json_boolean"}:
        yield from (boolean for boolean in _BOOLEANS if first in (boolean.true, boolean.false))
    if kind in {"text", "json_number"} and _NUMERIC_START.match(first):
        yield from _numeric_candidates(present, json=kind == "json_number")
    if kind in {"text", "json_string"} and _DATE_SHAPE.match(first):
        yield from [DATE] if len(first) == 10 else _matching_patterns(first)


def _matching_patterns(first: str) -> list[ColumnType]:
    sample = pl.Series([first])
    likely = [pattern for pattern, shape in _SHAPES.items() if shape.fullmatch(first)]
    return [kind for kind in map(DatetimeType, likely) if keeps(kind, sample)]


def _numeric_candidates(present: pl.Series, *, json: bool) -> Iterator[ColumnType]:
    """Numeric types in the order they should be tried.

    Text of a uniform scale is taken for exact decimals (money); JSON writes doubles that way too.
    """
    yield INTEGER
    double = FloatType(json=json)
    decimal = _decimal_for(present)
    if decimal is None:
        yield double
    elif decimal.mixed or (json and decimal.scale):
        yield from (double, decimal)
    else:
        yield from (decimal, double)


def _decimal_for(present: pl.Series) -> DecimalType | None:
    """The decimal type that has room for all digits, or None when one has not."""
    digits = (
        present.to_frame("text")
        .lazy()
        .select(
            pl.col("text").str.extract(_NUMBER, 1).str.len_bytes().alias("whole"),
            pl.col("text").str.extract(_NUMBER, 2).str.len_bytes().fill_null(0).alias("fraction"),
        )
        .select(
            pl.col("whole").null_count().alias("strange"),
            pl.col("whole").max().alias("whole"),
            pl.col("fraction").min().alias("least"),
            pl.col("fraction").max().alias("most"),
        )
        .collect()
    )
    strange, whole, least, most = digits.row(0)
    if strange or whole + most > WIDE_DIGITS:
        return None
    if least == most and whole + most <= NARROW_DIGITS and most > 0:
        return DecimalType(NARROW_DIGITS, most)
    return DecimalType(WIDE_DIGITS, most, mixed=least != most)


def given_type(name: str, sample: pl.Series, *, column: str, kind: ColumnKind) -> ColumnType:
    """The type a caller asked for by name.

    Raises:
        UnknownTypeError: no type has that name.
    """
    spelled = name.strip().lower()
    inferred = infer(sample, kind="text" if kind == "json_string" else kind)
    if match := _DECIMAL_NAME.fullmatch(spelled):
        precision, scale = int(match[1]), int(match[2])
        if 1 <= precision <= WIDE_DIGITS and scale <= precision:
            return DecimalType(precision, scale, mixed=True)
    if spelled == "datetime":
        return inferred if isinstance(inferred, DatetimeType) else DatetimeType()
    if spelled == "boolean":
        return inferred if isinstance(inferred, BooleanType) else BooleanType()
    plain: dict[str, ColumnType] = {
        "string": TEXT,
        "int64": INTEGER,
        "float64": FloatType(json=kind == "json_number"),
        "date": DATE,
    }
    if spelled not in plain:
        raise UnknownTypeError(
            f"The schema gives column {column!r} the type {name!r}. Use one of string, int64, "
            "float64, decimal(p,s) with at most 38 digits, boolean, date, datetime.",
            field=f"schema.{column}",
        )
    return plain[spelled]
