"""Source files that say their types themselves, and the scan that only writes and profiles them."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from shared_lib.contracts.conversions import ColumnDecision, Decisions, Widening
from svc_parquet.conversions.byte_source import ByteProgress
from svc_parquet.conversions.column_types import TEXT, ColumnType, DatetimeType
from svc_parquet.conversions.parquet_writer import PartWriter
from svc_parquet.conversions.preview import Preview
from svc_parquet.conversions.text_table import SourceTable, TextColumn, TextTable
from svc_parquet.conversions.typed_scan import PassProgress, Scanned
from svc_parquet.profiles.table_profiler import TableProfiler


@dataclass(frozen=True)
class TypedColumn(TextColumn):
    """A column whose type is known, and why it is that one."""

    type: ColumnType = TEXT
    reason: str = ""
    spelling: str | None = None


class TypedTable(SourceTable):
    """A table whose frames have their final names and types."""

    columns: list[TypedColumn]

    @property
    def names(self) -> list[str]:
        """The columns' names; complete after `prepare`."""
        return [column.name for column in self.columns]

    @abstractmethod
    def frames(self, *, progress: ByteProgress) -> Iterator[pl.DataFrame]:
        """One pass over all rows; may be called again."""


class KnownScan:
    """Writes and profiles a typed table in one pass; there is nothing to prove."""

    def __init__(self, table: TypedTable, *, sink: Path) -> None:
        self._table = table
        self._sink = sink

    def run(self, *, progress: PassProgress) -> Scanned:
        """The one pass over the table."""
        schema = {column.name: column.type.dtype for column in self._table.columns}
        names = [column.type.name for column in self._table.columns]
        empty = pl.DataFrame(schema=schema)
        profiler, preview = TableProfiler(dict(empty.schema), type_names=names), Preview()
        writer: PartWriter | None = None
        try:
            for frame in self._table.frames(progress=partial(progress, 1)):
                if not frame.height:
                    continue
                profiler.add(frame)
                writer = writer or PartWriter(self._sink, few_values=profiler.few_values())
                writer.write(frame)
                preview.add(frame)
        except BaseException:
            # Whatever it was: a file that is not whole must not look like one.
            if writer is not None:
                writer.abandon()
            raise
        return Scanned(
            writer=writer or PartWriter(self._sink, few_values=set()),
            profile=profiler.finish(),
            preview=preview,
            empty=empty,
            passes=1,
        )

    def widened(self) -> list[Widening]:
        """None: no type was guessed."""
        return []

    def decisions(self) -> list[ColumnDecision]:
        """The type of each column, and why."""
        return [
            ColumnDecision(
                name=column.name,
                type=column.type.name,
                origin="given",
                reason=column.reason,
                format=column.spelling,
                source_name=column.source_name,
            )
            for column in self._table.columns
        ]


class AsText(TextTable):
    """A prepared typed table as text, for a caller who wants other types: those are then proved."""

    def __init__(self, table: TypedTable) -> None:
        self._table = table
        self.quarantine = table.quarantine
        self.columns = [
            TextColumn(column.name, source_name=column.source_name) for column in table.columns
        ]

    @property
    def types(self) -> dict[str, str]:
        """The type that each column has now."""
        return {column.name: column.type.name for column in self._table.columns}

    def frames(self, *, progress: ByteProgress) -> Iterator[pl.DataFrame]:
        """All rows, each value spelled as its type spells it."""
        for frame in self._table.frames(progress=progress):
            yield frame.select(
                _spelled(pl.col(column.name), column.type).alias(f"c{place}")
                for place, column in enumerate(self._table.columns)
            )

    def decisions(self) -> Decisions:
        """As the table itself."""
        return self._table.decisions()


def _spelled(value: pl.Expr, kind: ColumnType) -> pl.Expr:
    if isinstance(kind, DatetimeType):
        return value.dt.to_string(kind.pattern)
    return value.cast(pl.String)
