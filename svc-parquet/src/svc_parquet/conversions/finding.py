"""Finds the tables of a file. Each is opened when its turn comes, and closed by who opened it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shared_lib.contracts.conversions import Compression, ConversionOptions, TableSource
from svc_parquet.conversions.byte_source import ByteProgress, ByteSource
from svc_parquet.conversions.dialect import Dialect
from svc_parquet.conversions.json_table import JsonTable, RowPass
from svc_parquet.conversions.magic import Binary, binary_format
from svc_parquet.conversions.quarantine import Quarantine
from svc_parquet.conversions.readers.arrow_tables import ArrowTable
from svc_parquet.conversions.readers.avro_rows import AvroRows
from svc_parquet.conversions.readers.json_documents import JsonDocumentRows, JsonPart, tell_parts
from svc_parquet.conversions.readers.jsonl_rows import JsonlRows
from svc_parquet.conversions.sniffing import Encoding, Sniffed, sniff
from svc_parquet.conversions.text_table import CsvTable, SourceTable, TextTable
from svc_parquet.conversions.unpacking import unpacked

REST = "document"
"""The name of the table that holds what a JSON document has beside its arrays."""
_HEAD_BYTES = 1024
_FIRST_BYTES = "the first bytes of the file"


@dataclass(frozen=True)
class Found:
    """A table that was found. `open` is given the folder for its results."""

    source: TableSource
    open: Callable[[Path], SourceTable]


def find_tables(path: Path, *, options: ConversionOptions, scratch: Path) -> Iterator[Found]:
    """The tables of a file, in its order.

    Args:
        scratch: a folder, made when it is needed, for what has to be unpacked first.

    Raises:
        ConversionError: the file holds nothing that can be converted.
    """
    with ByteSource(path, options=options) as source:
        head = source.read_up_to(_HEAD_BYTES)
    binary = binary_format(head)
    if binary is not None:
        plain, compression = unpacked(path, folder=scratch, options=options)
        yield Found(TableSource(), _BinaryTable(plain, binary, compression, options))
        return
    sniffed = sniff(path, options=options)
    if sniffed.format == "json":
        yield from _document_tables(path, sniffed=sniffed, options=options)
    else:
        yield Found(TableSource(), lambda sink: _text_table(path, sink, sniffed, options))


@dataclass(frozen=True)
class _BinaryTable:
    """Opens a file that says its types itself."""

    path: Path
    format: Binary
    compression: Compression
    options: ConversionOptions

    def __call__(self, sink: Path) -> SourceTable:
        if self.format != "avro":
            return ArrowTable(self.path, told=self.format, compression=self.compression, sink=sink)
        encoding = Encoding("utf-8", "the format says so")
        dialect = Dialect(delimiter=",", newline="lf")
        sniffed = Sniffed("avro", _FIRST_BYTES, self.compression, encoding, dialect)
        return JsonTable(
            self.path, sniffed=sniffed, reader=self._read, options=self.options, sink=sink
        )

    def _read(self, quarantine: Quarantine, progress: ByteProgress) -> RowPass:  # noqa: ARG002 - a reader's face
        return AvroRows(self.path, progress=progress)


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
