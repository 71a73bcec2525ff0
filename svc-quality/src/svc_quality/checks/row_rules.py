"""Rules about single rows: each check as an expression that is true where a row breaks it."""

from datetime import date, datetime

import polars as pl

from shared_lib.contracts.conversions import Scalar
from shared_lib.contracts.suites import (
    NullsCheck,
    PatternCheck,
    RangeCheck,
    RowCheck,
    RowRuleCheck,
    ValuesCheck,
)
from svc_quality.checks.errors import CheckCannotRunError
from svc_quality.checks.table import type_name

Schema = dict[str, pl.DataType]


def broken_by(check: RowCheck, schema: Schema) -> pl.Expr:
    """True where a row breaks the rule, never null: a missing value breaks `nulls` alone.

    Raises:
        CheckCannotRunError: the column's type cannot answer.
        polars.exceptions.PolarsError: an SQL expression cannot be read.
    """
    if isinstance(check, RowRuleCheck):
        return (~pl.sql_expr(check.sql)).fill_null(value=False)
    column, dtype = pl.col(check.column), schema[check.column]
    match check:
        case NullsCheck():
            return column.is_null() | column.is_nan() if dtype.is_float() else column.is_null()
        case RangeCheck():
            return _outside(check, column, dtype)
        case ValuesCheck():
            known = _values(check.values, dtype=dtype, column=check.column)
            return (~column.is_in(known.implode())).fill_null(value=False)
        case PatternCheck():
            return _unlike(check, column, dtype)


def _outside(check: RangeCheck, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    outside = pl.lit(value=False)
    if check.min is not None:
        outside |= column < _end(check.min, dtype=dtype, column=check.column)
    if check.max is not None:
        outside |= column > _end(check.max, dtype=dtype, column=check.column)
    if dtype.is_float():
        outside |= column.is_nan()
    return outside.fill_null(value=False)


def _end(value: Scalar, *, dtype: pl.DataType, column: str) -> pl.Expr:
    """An end of a range as a literal that the column's type can be compared with."""
    if dtype.is_numeric() and isinstance(value, int | float):
        return pl.lit(value)
    if isinstance(value, str):
        if isinstance(dtype, pl.String):
            return pl.lit(value)
        if dtype.is_temporal():
            return pl.lit(_moment(value, column=column)).cast(dtype)
    raise CheckCannotRunError(
        f"{column} is {type_name(dtype)}, which {value!r} cannot be compared with. Give an end of "
        "that type, or give the column another type when it is converted."
    )


def _moment(text: str, *, column: str) -> date | datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError as error:
        raise CheckCannotRunError(
            f"{text!r} is no ISO 8601 date or time, such as 2026-01-31, for {column}."
        ) from error


def _values(values: list[Scalar], *, dtype: pl.DataType, column: str) -> pl.Series:
    try:
        return pl.Series(values, dtype=None, strict=True).cast(dtype, strict=True)
    except (pl.exceptions.PolarsError, TypeError) as error:
        raise CheckCannotRunError(
            f"{column} is {type_name(dtype)}, and not every allowed value is. Write values of "
            "that type."
        ) from error


def _unlike(check: PatternCheck, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if not isinstance(dtype, pl.String):
        raise CheckCannotRunError(
            f"{check.column} is {type_name(dtype)}; a pattern is for text. Use a range or values."
        )
    return (~column.str.contains(rf"\A(?:{check.pattern})\z")).fill_null(value=False)
