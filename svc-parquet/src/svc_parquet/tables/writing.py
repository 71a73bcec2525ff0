"""Typed frames to a table version's files: parts, profile and first rows, in one pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from shared_lib.contracts.conversions import ColumnDecision, Part, TableProfile
from shared_lib.contracts.tables import ColumnView
from svc_parquet.conversions.parquet_writer import PartWriter
from svc_parquet.conversions.preview import Preview
from svc_parquet.profiles.table_profiler import TableProfiler


@dataclass(frozen=True)
class Written:
    """What lies in the folder now, beside `preview.json`."""

    parts: list[Part]
    profile: TableProfile

    @property
    def bytes(self) -> int:
        """Of all parts."""
        return sum(part.bytes for part in self.parts)


class TableWriter:
    """Writes frames of one schema.

    Args:
        folder: receives `part-*.parquet` and `preview.json`.
        columns: of the frames, with their types as people read them.
        metadata: JSON values for the key-value metadata of the last part.
    """

    def __init__(
        self, folder: Path, *, columns: Sequence[ColumnView], metadata: dict[str, object]
    ) -> None:
        self._folder = folder
        self._columns = list(columns)
        self._metadata = metadata
        self._writer: PartWriter | None = None
        self._profiler: TableProfiler | None = None
        self._preview = Preview()

    def write(self, frame: pl.DataFrame) -> None:
        """Take in a block of rows."""
        if self._profiler is None:
            types = [column.type for column in self._columns]
            self._profiler = TableProfiler(dict(frame.schema), type_names=types)
        self._profiler.add(frame)
        if self._writer is None:
            self._writer = PartWriter(self._folder, few_values=self._profiler.few_values())
        self._writer.write(frame)
        self._preview.add(frame)

    def finish(self, empty: pl.DataFrame) -> Written:
        """Give the parts their names.

        Args:
            empty: a frame without rows, for a table that has none.
        """
        if self._writer is None or self._profiler is None:
            self.write(empty)
        assert self._writer is not None  # noqa: S101 - the line above made both
        assert self._profiler is not None  # noqa: S101
        parts = self._writer.publish(empty, metadata=self._metadata)
        write_preview(self._preview, self._folder, columns=self._columns)
        return Written(parts=parts, profile=self._profiler.finish())

    def abandon(self) -> None:
        """Leave nothing behind."""
        if self._writer is not None:
            self._writer.abandon()


def write_preview(preview: Preview, folder: Path, *, columns: Sequence[ColumnView]) -> None:
    """Write `preview.json` of a table that was made from tables.

    A column's type is what it was, so nothing is decided here; the version names its columns.
    """
    decided = [
        ColumnDecision(name=column.name, type=column.type, origin="given", reason=column.reason)
        for column in columns
    ]
    preview.write(folder, columns=decided)
