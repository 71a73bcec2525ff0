"""A source file as a table of text columns that can be read again and again."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from shared_lib.contracts.conversions import ConversionOptions, Decisions, TypeOrigin
from svc_parquet.conversions.byte_source import ByteProgress
from svc_parquet.conversions.csv_frames import CsvFrames
from svc_parquet.conversions.headers import Header, usable_names
from svc_parquet.conversions.inference import ColumnKind
from svc_parquet.conversions.quarantine import Quarantine
from svc_parquet.conversions.sniffing import Sniffed

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class TextColumn:
    """A column before it has a type.

    `source_name` is the name in the file where it had to be changed; `absent` counts the JSON
    objects that lack the key.
    """

    name: str
    kind: ColumnKind = "text"
    source_name: str | None = None
    absent: int | None = None
    origin: TypeOrigin = "inferred"


class SourceTable(ABC):
    """A table of a file that can be read again and again."""

    quarantine: Quarantine

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """The columns' names; complete after `prepare`."""

    preparation_passes = 0
    """How often `prepare` reads the file."""

    def prepare(self, *, progress: ByteProgress) -> None:  # noqa: B027 - nothing to do for CSV
        """Find out what has to be known before the first pass; `columns` is complete afterwards."""

    @abstractmethod
    def decisions(self) -> Decisions:
        """How the file was read, without the columns; complete after a pass."""

    def close(self) -> None:  # noqa: B027 - nothing to do for CSV
        """Remove what was made along the way."""


class TextTable(SourceTable):
    """What the typed scan reads: columns, and frames of text named c0, c1, ..."""

    columns: list[TextColumn]

    @property
    def names(self) -> list[str]:
        """The columns' names; complete after `prepare`."""
        return [column.name for column in self.columns]

    @abstractmethod
    def frames(self, *, progress: ByteProgress) -> Iterator[pl.DataFrame]:
        """One pass over all rows; may be called again."""


class CsvTable(TextTable):
    """A delimited text file."""

    def __init__(
        self,
        path: Path,
        *,
        sniffed: Sniffed,
        header: Header,
        options: ConversionOptions,
        sink: Path,
    ) -> None:
        self._path = path
        self._sniffed = sniffed
        self._header = header
        self._options = options
        self._sink = sink
        self._blank_lines = 0
        self.quarantine = Quarantine(sink, on_bad_rows=options.on_bad_rows)
        names = usable_names(header.names)
        self.columns = [
            TextColumn(name, source_name=None if source == name else source or "")
            for name, source in zip(names, header.names, strict=True)
        ]

    def frames(self, *, progress: ByteProgress) -> Iterator[pl.DataFrame]:
        """All rows but the header's, with the caller's null values applied."""
        self.quarantine.discard()
        self.quarantine = Quarantine(self._sink, on_bad_rows=self._options.on_bad_rows)
        reader = CsvFrames(
            self._path,
            dialect=self._sniffed.dialect,
            options=self._options,
            quarantine=self.quarantine,
            progress=progress,
        )
        normalise = self._normalisation()
        skip = 1 if self._header.present else 0
        for frame in reader:
            rows = frame.slice(skip) if skip else frame
            skip = 0
            yield rows.with_columns(normalise) if normalise is not None else rows
        self._blank_lines = reader.blank_lines

    def _normalisation(self) -> pl.Expr | None:
        """What turns texts into nulls and back, beyond the default."""
        words = [word for word in self._options.null_values if word]
        if self._options.quoted_empty_is_null:
            words.append("")
        column = pl.all()
        if self._sniffed.dialect.keep_empty:
            column = column.fill_null("")
        elif not words:
            return None
        return pl.when(column.is_in(words).not_()).then(column) if words else column

    def decisions(self) -> Decisions:
        """How the file was read."""
        sniffed, dialect = self._sniffed, self._sniffed.dialect
        return Decisions(
            format=sniffed.format,
            format_reason=sniffed.format_reason,
            compression=sniffed.compression,
            encoding=sniffed.encoding.name,
            encoding_reason=sniffed.encoding.reason,
            delimiter=dialect.delimiter,
            delimiter_reason=sniffed.delimiter_reason,
            quote='"',
            header=self._header.present,
            header_reason=self._header.reason,
            newline=dialect.newline,
            null_values=self._options.null_values,
            blank_lines=self._blank_lines,
            notes=self._sniffed.notes,
        )
