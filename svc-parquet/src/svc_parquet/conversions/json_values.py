"""Values as JSON can hold them: exact, or as their text."""

import math

import polars as pl

from shared_lib.contracts.conversions import Scalar

_SAFE_INTEGER = 2**53
_ISO_DATETIME = "%Y-%m-%dT%H:%M:%S%.f"


def json_values(series: pl.Series) -> list[Scalar]:
    """The values of a typed column. Integers beyond 2^53, decimals and times become text."""
    dtype = series.dtype
    if dtype == pl.Int64:
        return [
            value if value is None or -_SAFE_INTEGER <= value <= _SAFE_INTEGER else str(value)
            for value in series.to_list()
        ]
    if dtype == pl.Float64 and not series.is_finite().all():
        return [
            value if value is None or math.isfinite(value) else str(value)
            for value in series.to_list()
        ]
    if isinstance(dtype, pl.Datetime):
        text = series.dt.to_string(_ISO_DATETIME)
        return (text + "Z").to_list() if dtype.time_zone else text.to_list()
    if dtype.is_decimal() or dtype == pl.Date:
        return series.cast(pl.String).to_list()
    return series.to_list()
