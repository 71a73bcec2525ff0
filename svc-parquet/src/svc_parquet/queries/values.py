"""Values of any column as JSON holds them: exact, or as their text. Imports polars."""

import datetime as dt
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from svc_parquet.conversions.json_values import json_values

_SAFE_INTEGER = 2**53
_PLAIN = (pl.Int64, pl.String, pl.Boolean, pl.Date)


def exact_values(series: pl.Series) -> list[Any]:
    """The values; what JSON has no form for becomes text, bytes become hex."""
    dtype = series.dtype
    if dtype in _PLAIN or isinstance(dtype, pl.Datetime) or dtype.is_decimal():
        return list(json_values(series))
    return [_exact(value) for value in series.to_list()]


def _exact(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _exact(each) for name, each in value.items()}
    if isinstance(value, list | tuple | pl.Series):
        return [_exact(each) for each in value]
    if value is None or isinstance(value, bool | str):
        return value
    return _exact_number(value) if isinstance(value, int | float) else _text(value)


def _exact_number(value: float) -> float | str:
    if isinstance(value, int):
        return value if -_SAFE_INTEGER <= value <= _SAFE_INTEGER else str(value)
    return value if math.isfinite(value) else str(value)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)
