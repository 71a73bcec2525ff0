"""Avro files as rows of JSON-like values, so that unions and nested records are kept exactly."""

import base64
import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import fastavro

from svc_parquet.conversions.byte_source import ByteProgress
from svc_parquet.conversions.errors import DamagedFileError
from svc_parquet.conversions.json_rows import Number

_BLOCK_ROWS = 20_000

Row = dict[str, Any]


class AvroRows:
    """One pass over an Avro file. Iterate once."""

    blank_lines = 0

    def __init__(self, path: Path, *, progress: ByteProgress) -> None:
        self._path = path
        self._progress = progress

    def __iter__(self) -> Iterator[list[Row]]:
        with self._path.open("rb") as file:
            rows: list[Row] = []
            for record in self._records(file):
                rows.append(_row(record) if isinstance(record, dict) else {"value": _plain(record)})
                if len(rows) >= _BLOCK_ROWS:
                    yield rows
                    self._progress(file.tell())
                    rows = []
            yield rows

    def _records(self, file: BinaryIO) -> Iterator[Any]:
        try:
            yield from fastavro.reader(file)
        except Exception as error:
            # fastavro raises anything at all on damaged bytes.
            raise DamagedFileError(
                f"{self._path.name} cannot be read near byte {file.tell():,} "
                f"({type(error).__name__}: {error}). Write it again at its source.",
                byte=file.tell(),
            ) from error


def _row(record: Row) -> Row:
    return {name: _plain(value) for name, value in record.items()}


def _plain(value: Any) -> Any:
    """The value as the JSON tables hold it: numbers by their digits, moments as ISO text."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        return Number(repr(value))
    for kind, shown in _SHOWN:
        if isinstance(value, kind):
            return shown(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value]


def _moment(value: dt.datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat(timespec="microseconds")
    utc = value.astimezone(dt.UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds") + "Z"


_SHOWN: list[tuple[type | tuple[type, ...], Any]] = [
    (Decimal, lambda value: Number(f"{value:f}")),
    (dt.datetime, _moment),
    (dt.date, lambda value: value.isoformat()),
    (dt.time, lambda value: value.isoformat(timespec="microseconds")),
    (UUID, str),
    (bytes, lambda value: base64.b64encode(value).decode("ascii")),
]
