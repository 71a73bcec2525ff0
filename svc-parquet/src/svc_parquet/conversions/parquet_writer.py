"""Typed frames to Parquet parts: hashed while they are written, visible only when whole."""

import errno
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from shared_lib.contracts.conversions import Part
from svc_parquet.conversions.column_types import NARROW_DIGITS
from svc_parquet.conversions.errors import NoSpaceError

ROW_GROUP_ROWS = 20_000
"""Small enough for a page of rows at a random place; see docs/decisions/0003-row-groups.md."""
PART_BYTES = 512 * 1024 * 1024
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}


def no_space(error: OSError, *, folder: Path) -> NoSpaceError | None:
    """The error to show when an operating system error means that the disk is full."""
    if error.errno not in _DISK_FULL:
        return None
    return NoSpaceError(
        f"The disk is full: {folder.name} could not be written and nothing of it was kept. "
        "Free some space and convert again."
    )


class _HashedFile:
    """A file for pyarrow that is hashed on its way."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def closed(self) -> bool:
        return self._file.closed

    def write(self, data: Any) -> int:
        view = memoryview(data)
        self._digest.update(view)
        self._file.write(view)
        self.size += view.nbytes
        return view.nbytes

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


class PartWriter:
    """Writes a table as one or more `part-NNNNN.parquet` in a folder.

    Parts carry temporary names until `publish`; `abandon` removes them.

    Args:
        few_values: columns worth a dictionary; the others are encoded by their type.
    """

    def __init__(self, folder: Path, *, few_values: set[str], part_bytes: int = PART_BYTES) -> None:
        self._folder = folder
        self._few_values = few_values
        self._part_bytes = part_bytes
        self._pending: list[pl.DataFrame] = []
        self._pending_rows = 0
        self._writer: pq.ParquetWriter | None = None
        self._file: _HashedFile | None = None
        self._rows_in_part = 0
        self._parts: list[Part] = []

    def write(self, frame: pl.DataFrame) -> None:
        """Take in rows; whole row groups are written."""
        self._pending.append(frame)
        self._pending_rows += frame.height
        if self._pending_rows >= ROW_GROUP_ROWS:
            self._flush(self._pending_rows // ROW_GROUP_ROWS * ROW_GROUP_ROWS)

    def _flush(self, rows: int) -> None:
        whole = pl.concat(self._pending)
        self._pending = [whole.slice(rows)]
        self._pending_rows -= rows
        table = whole.head(rows).to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = self._open(table.schema)
        writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
        self._rows_in_part += rows

    def _open(self, schema: pa.Schema) -> pq.ParquetWriter:
        if self._file is not None and self._file.size >= self._part_bytes:
            self._finish_part({})
        if self._writer is None:
            self._file = _HashedFile(self._temporary(len(self._parts)))
            self._writer = pq.ParquetWriter(
                self._file,
                schema,
                compression="zstd",
                compression_level=3,
                use_dictionary=sorted(self._few_values) or False,
                column_encoding=self._encodings(schema) or None,
                store_decimal_as_integer=True,
                store_schema=False,
                write_statistics=True,
            )
        return self._writer

    def _encodings(self, schema: pa.Schema) -> dict[str, str]:
        """Encodings that suit columns of many values: differences, lengths apart, bytes of rank."""
        encodings: dict[str, str] = {}
        for field in schema:
            if field.name in self._few_values:
                continue
            if pa.types.is_floating(field.type):
                encodings[field.name] = "BYTE_STREAM_SPLIT"
            elif pa.types.is_large_string(field.type):
                encodings[field.name] = "DELTA_LENGTH_BYTE_ARRAY"
            elif _is_stored_as_integer(field.type):
                encodings[field.name] = "DELTA_BINARY_PACKED"
        return encodings

    def _temporary(self, number: int) -> Path:
        return self._folder / f".part-{number:05d}.parquet.unfinished"

    def _finish_part(self, metadata: Mapping[str, object]) -> None:
        if self._writer is None or self._file is None:
            return
        self._writer.add_key_value_metadata(
            {f"datafleet.{key}": json.dumps(value) for key, value in metadata.items()}
        )
        self._writer.close()
        self._file.close()
        self._parts.append(
            Part(
                name=f"part-{len(self._parts):05d}.parquet",
                rows=self._rows_in_part,
                bytes=self._file.size,
                sha256=self._file.hexdigest(),
            )
        )
        self._writer, self._file, self._rows_in_part = None, None, 0

    def publish(self, empty: pl.DataFrame, *, metadata: Mapping[str, object]) -> list[Part]:
        """Write what is pending, give the parts their names, and say what they are.

        Args:
            empty: a frame without rows, for a table that has none.
            metadata: JSON values for the key-value metadata of the last part.
        """
        self._pending.append(empty)
        if self._pending_rows or not (self._parts or self._writer):
            self._flush(self._pending_rows)
        self._finish_part(metadata)
        for stale in self._folder.glob("part-*.parquet"):
            stale.unlink()
        for number, part in enumerate(self._parts):
            self._temporary(number).replace(self._folder / part.name)
        return self._parts

    def abandon(self) -> None:
        """Leave nothing behind."""
        for open_thing in (self._writer, self._file):
            if open_thing is not None:
                with suppress(OSError):  # a full disk refuses the footer too, which is not missed
                    open_thing.close()
        self._writer, self._file = None, None
        for number in range(len(self._parts) + 1):
            self._temporary(number).unlink(missing_ok=True)


def _is_stored_as_integer(kind: pa.DataType) -> bool:
    if pa.types.is_decimal(kind):
        return bool(kind.precision <= NARROW_DIGITS)
    return bool(pa.types.is_integer(kind) or pa.types.is_temporal(kind))
