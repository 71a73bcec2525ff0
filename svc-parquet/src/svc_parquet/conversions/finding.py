"""Finds the tables of a file. Each is opened when its turn comes, and closed by who opened it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shared_lib.contracts.conversions import ConversionOptions, TableSource
from svc_parquet.conversions.byte_source import ByteProgress
from svc_parquet.conversions.json_table import JsonTable, RowPass
from svc_parquet.conversions.quarantine import Quarantine
from svc_parquet.conversions.readers.json_documents import JsonDocumentRows, JsonPart, tell_parts
from svc_parquet.conversions.readers.jsonl_rows import JsonlRows
from svc_parquet.conversions.sniffing import Sniffed, sniff
from svc_parquet.conversions.text_table import CsvTable, TextTable

REST = "document"
"""The name of the table that holds what a JSON document has beside its arrays."""


@dataclass(frozen=True)
class Found:
    """A table that was found. `open` is given the folder for its results."""

    source: TableSource
    open: Callable[[Path], TextTable]


def find_tables(path: Path, *, options: ConversionOptions) -> Iterator[Found]:
    """The tables of a file, in its order.

    Raises:
        ConversionError: the file holds nothing that can be converted.
    """
    sniffed = sniff(path, options=options)
    if sniffed.format == "json":
        yield from _document_tables(path, sniffed=sniffed, options=options)
    else:
        yield Found(TableSource(), lambda sink: _text_table(path, sink, sniffed, options))


def _text_table(path: Path, sink: Path, sniffed: Sniffed, options: ConversionOptions) -> TextTable:
    if sniffed.header is not None:
        return CsvTable(path, sniffed=sniffed, header=sniffed.header, options=options, sink=sink)

    def read(quarantine: Quarantine, progress: ByteProgress) -> RowPass:
        return JsonlRows(
            path,
            dialect=sniffed.dialect,
            options=options,
            quarantine=quarantine,
            progress=progress,
        )

    return JsonTable(path, sniffed=sniffed, reader=read, options=options, sink=sink)


def _document_tables(
    path: Path, *, sniffed: Sniffed, options: ConversionOptions
) -> Iterator[Found]:
    parts = [JsonPart()]
    if sniffed.outermost == "{":
        parts = tell_parts(path, dialect=sniffed.dialect, options=options)
    for part in parts:
        name = None if len(parts) == 1 else part.key or REST
        yield Found(TableSource(name=name), _DocumentTable(path, part, sniffed, options))


@dataclass(frozen=True)
class _DocumentTable:
    """Opens a part of a JSON document."""

    path: Path
    part: JsonPart
    sniffed: Sniffed
    options: ConversionOptions

    def __call__(self, sink: Path) -> TextTable:
        return JsonTable(
            self.path, sniffed=self.sniffed, reader=self._read, options=self.options, sink=sink
        )

    def _read(self, quarantine: Quarantine, progress: ByteProgress) -> RowPass:
        return JsonDocumentRows(
            self.path,
            part=self.part,
            dialect=self.sniffed.dialect,
            options=self.options,
            quarantine=quarantine,
            progress=progress,
        )
