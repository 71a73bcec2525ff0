"""Columns of typed formats as the types of this house; what has no such type becomes exact text."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from svc_parquet.conversions.column_types import (
    DATE,
    INTEGER,
    TEXT,
    WIDE_DIGITS,
    BooleanType,
    ColumnType,
    DatetimeType,
    DecimalType,
    FloatType,
)

_AS_IT_WAS = "the type that the file gives"
_MICROSECONDS = "%Y-%m-%dT%H:%M:%S%.6f"
_NANOSECONDS = "%Y-%m-%dT%H:%M:%S%.9f"

Convert = Callable[[pa.Array], pa.Array]


@dataclass(frozen=True)
class ArrowColumn:
    """How a column is taken over: its type here, why, and what turns its values into it."""

    type: ColumnType
    reason: str
    convert: Convert
    spelling: str | None = None

    def series(self, name: str, values: pa.Array) -> pl.Series:
        """The values as a polars series of the column's type."""
        return pl.Series(name, self.convert(values)).cast(self.type.dtype)


def column_for(kind: pa.DataType, *, beyond_int64: bool = False) -> ArrowColumn:
    """How a column of an Arrow type is taken over.

    Args:
        beyond_int64: whether an unsigned column holds a value over 2^63 - 1.
    """
    if isinstance(kind, pa.BaseExtensionType):
        return _extension(kind)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        inner = column_for(kind.value_type, beyond_int64=beyond_int64)
        return ArrowColumn(
            inner.type,
            inner.reason,
            lambda values: inner.convert(values.cast(kind.value_type)),
            inner.spelling,
        )
    if beyond_int64:
        wide = pa.decimal128(WIDE_DIGITS, 0)
        reason = f"{kind} with values over 2^63 - 1"
        return ArrowColumn(DecimalType(WIDE_DIGITS, 0), reason, lambda v: v.cast(wide))
    for matches, make in _RULES:
        if matches(kind):
            return make(kind)
    return ArrowColumn(TEXT, f"{kind} has no type here: JSON text", _as_json)


def _extension(kind: pa.BaseExtensionType) -> ArrowColumn:
    inner = column_for(kind.storage_type)
    if kind.extension_name == "arrow.uuid":
        return ArrowColumn(TEXT, "uuid, as text", _as_uuid)
    return ArrowColumn(
        inner.type, inner.reason, lambda values: inner.convert(values.storage), inner.spelling
    )


def _integer(kind: pa.DataType) -> ArrowColumn:
    reason = _AS_IT_WAS if kind == pa.int64() else f"{kind}: every value is an int64"
    return ArrowColumn(INTEGER, reason, lambda v: v.cast(pa.int64()))


def _float(kind: pa.DataType) -> ArrowColumn:
    reason = _AS_IT_WAS if kind == pa.float64() else f"{kind}: a double holds every value exactly"
    return ArrowColumn(FloatType(), reason, lambda v: v.cast(pa.float64()))


def _decimal(kind: pa.DataType) -> ArrowColumn:
    if 0 <= kind.scale <= kind.precision <= WIDE_DIGITS:
        plain = pa.decimal128(kind.precision, kind.scale)
        narrow = DecimalType(kind.precision, kind.scale)
        return ArrowColumn(narrow, _AS_IT_WAS, lambda v: v.cast(plain))
    return ArrowColumn(TEXT, f"{kind} has more digits than decimal128: text", _as_text)


def _timestamp(kind: pa.DataType) -> ArrowColumn:
    unit = "ns" if kind.unit == "ns" else "us"
    pattern = (_NANOSECONDS if unit == "ns" else _MICROSECONDS) + ("Z" if kind.tz else "")
    wanted = pa.timestamp(unit, "UTC" if kind.tz else None)
    reason = _AS_IT_WAS
    if kind.tz not in (None, "UTC"):
        reason = f"moments that the file shows in {kind.tz}, kept in UTC"
    return ArrowColumn(DatetimeType(pattern), reason, lambda v: v.cast(wanted))


def _duration(kind: pa.DataType) -> ArrowColumn:
    reason = f"durations, counted in {kind.unit}"
    return ArrowColumn(INTEGER, reason, lambda v: v.cast(pa.int64()), spelling=kind.unit)


def _nested(kind: pa.DataType) -> ArrowColumn:
    return ArrowColumn(TEXT, f"nested values ({_shortened(kind)}), as JSON text", _as_json)


def _always(column: ArrowColumn) -> Callable[[pa.DataType], ArrowColumn]:
    return lambda _: column


def _is_binary(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind)
        or types.is_binary_view(kind)
    )


def _is_text(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _shortened(kind: pa.DataType) -> str:
    shown = str(kind)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _as_text(values: pa.Array) -> pa.Array:
    return values.cast(pa.large_string())


def _as_base64(values: pa.Array) -> pa.Array:
    binary = pl.Series(values.cast(pa.large_binary()))
    return binary.bin.encode("base64").to_arrow()


def _as_uuid(values: pa.Array) -> pa.Array:
    texts = [None if value is None else str(value) for value in values.to_pylist()]
    return pa.array(texts, pa.large_string())


def _as_json(values: pa.Array) -> pa.Array:
    """Compact JSON of each value. Times and long decimals inside are texts, bytes are base64."""
    plain = values.cast(_plain(values.type))
    texts = [None if value is None else _json_text(value) for value in plain.to_pylist()]
    return pa.array(texts, pa.large_string())


def _plain(kind: pa.DataType) -> pa.DataType:
    """A nested type whose leaves Python holds exactly: times become texts."""
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_plain(field.type)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(_plain(kind.key_type), _plain(kind.item_type))
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_plain(kind.value_type), kind.list_size)
    if pa.types.is_large_list(kind):
        return pa.large_list(_plain(kind.value_type))
    if pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    exact = pa.types.is_timestamp(kind) or pa.types.is_time(kind) or pa.types.is_date(kind)
    return pa.string() if exact else kind


def _json_text(value: Any) -> str:
    return json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), default=_plain_json, allow_nan=True
    )


def _plain_json(value: object) -> object:
    if isinstance(value, bytes):
        return pc.cast(_as_base64(pa.array([value])), pa.string())[0].as_py()
    if isinstance(value, Decimal):
        return str(value)
    return str(value)


_RULES: list[tuple[Callable[[pa.DataType], bool], Callable[[pa.DataType], ArrowColumn]]] = [
    (pa.types.is_boolean, _always(ArrowColumn(BooleanType(), _AS_IT_WAS, lambda v: v))),
    (pa.types.is_integer, _integer),
    (pa.types.is_floating, _float),
    (pa.types.is_decimal, _decimal),
    (pa.types.is_timestamp, _timestamp),
    (pa.types.is_date, _always(ArrowColumn(DATE, _AS_IT_WAS, lambda v: v.cast(pa.date32())))),
    (_is_text, _always(ArrowColumn(TEXT, _AS_IT_WAS, _as_text))),
    (pa.types.is_null, _always(ArrowColumn(TEXT, "no value at all", _as_text))),
    (pa.types.is_duration, _duration),
    (pa.types.is_time, _always(ArrowColumn(TEXT, "times of day, as text", _as_text))),
    (_is_binary, _always(ArrowColumn(TEXT, "bytes, as base64 text", _as_base64, "base64"))),
    (pa.types.is_nested, _nested),
]
