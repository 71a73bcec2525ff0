"""Finds the tables of a file. Each is opened when its turn comes, and closed by who opened it."""

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from shared_lib.contracts.conversions import Compression, ConversionOptions, TableSource
from svc_parquet.conversions.archives import (
    MOST_NESTED,
    Budget,
    tar_entries,
    zip_entries,
)
from svc_parquet.conversions.byte_source import ByteProgress, ByteSource
from svc_parquet.conversions.dialect import Dialect
from svc_parquet.conversions.errors import (
    ConversionError,
    DecompressionLimitError,
    EmptyFileError,
    TooManyEntriesError,
    UnsupportedFormatError,
)
from svc_parquet.conversions.found import Found, inside, refused
from svc_parquet.conversions.json_table import JsonTable, RowPass
from svc_parquet.conversions.magic import Binary, Typed, binary_format, markup_format
from svc_parquet.conversions.quarantine import Quarantine
from svc_parquet.conversions.readers import xml_rows
from svc_parquet.conversions.readers.arrow_tables import ArrowTable
from svc_parquet.conversions.readers.avro_rows import AvroRows
from svc_parquet.conversions.readers.json_documents import JsonDocumentRows, JsonPart, tell_parts
from svc_parquet.conversions.readers.jsonl_rows import JsonlRows
from svc_parquet.conversions.readers.reader_process import ReaderProcess
from svc_parquet.conversions.readers.workbooks import WORKBOOK_FORMATS, Workbook, sheet_tables
from svc_parquet.conversions.sniffing import Encoding, Sniffed, sniff
from svc_parquet.conversions.text_table import CsvTable, SourceTable, TextTable
from svc_parquet.conversions.unpacking import unpacked
from svc_parquet.conversions.zip_kinds import zip_kind

REST = "document"
"""The name of the table that holds what a JSON document has beside its arrays."""
_HEAD_BYTES = 4096
_COMPRESSED = re.compile(r"\.(?:gz|bz2|zst|xz)$")
_FIRST_BYTES = "the first bytes of the file"


@dataclass(frozen=True)
class Means:
    """What finding needs beside the file.

    `scratch` is a folder, made when it is needed, for what has to be unpacked first. `depth` is in
    how many archives the file lies, which share a budget.
    """

    options: ConversionOptions
    scratch: Path
    reader: ReaderProcess
    depth: int = 0
    budget: Budget | None = None


def find_tables(path: Path, *, means: Means) -> Iterator[Found]:
    """The tables of a file, in its order.

    Raises:
        ConversionError: the file holds nothing that can be converted.
        InvalidInputError: an option names a sheet that does not exist.
    """
    options = means.options
    with ByteSource(path, options=options) as source:
        head = source.read_up_to(_HEAD_BYTES)
        compression = source.compression
    binary = binary_format(head)
    if binary is not None:
        plain, compression = unpacked(path, folder=means.scratch, options=options)
        yield from _binary_tables(plain, binary, compression, means)
        return
    markup = None
    if options.format is None:
        markup = markup_format(head, name=_COMPRESSED.sub("", path.name.lower()))
    if markup == "xml":
        yield from _xml_tables(path, compression, options)
        return
    if markup == "html":
        plain, compression = unpacked(path, folder=means.scratch, options=options)
        yield from _document_grids(plain, "html", compression, means)
        return
    sniffed = sniff(path, options=options)
    if sniffed.format == "json":
        yield from _document_tables(path, sniffed=sniffed, options=options)
    else:
        yield Found(TableSource(), lambda sink: _text_table(path, sink, sniffed, options))


def _binary_tables(
    path: Path, binary: Binary, compression: Compression, means: Means
) -> Iterator[Found]:
    if binary == "pdf":
        yield from _document_grids(path, "pdf", compression, means)
        return
    if binary != "zip" and binary != "ole" and binary != "tar":  # noqa: PLR1714 - mypy narrows so
        yield Found(TableSource(), _BinaryTable(path, binary, compression, means.options))
        return
    kind = {"ole": "xls", "tar": "tar"}.get(binary) or zip_kind(path)
    if kind in {"zip", "tar"}:
        yield from _archive_tables(path, kind, means)
        return
    if kind not in WORKBOOK_FORMATS:
        raise UnsupportedFormatError(
            f"{path.name} is {kind}, which holds no table that is read. Export its tables and "
            "send those.",
            byte=0,
        )
    yield from sheet_tables(
        Workbook(path, WORKBOOK_FORMATS[kind], compression, means.reader, means.options)
    )


def _archive_tables(path: Path, kind: str, means: Means) -> Iterator[Found]:
    """The tables of every file in an archive; what cannot be opened is among them, refused."""
    budget = means.budget or Budget(path, options=means.options)
    if means.depth >= MOST_NESTED:
        raise DecompressionLimitError(
            f"{path.name} lies {means.depth} archives deep, and no deeper one is opened. Unpack "
            "it, and pack its files anew."
        )
    inner = replace(means, scratch=means.scratch / "inside", depth=means.depth + 1, budget=budget)
    entries = zip_entries if kind == "zip" else tar_entries
    for entry in entries(path, folder=means.scratch / "entry", budget=budget):
        if entry.file is None:
            yield refused(entry.source, entry.refused or EmptyFileError("The entry is empty."))
            continue
        try:
            for found in find_tables(entry.file, means=inner):
                yield replace(
                    found, source=inside(entry.path, found.source), file=found.file or entry.file
                )
        except (DecompressionLimitError, TooManyEntriesError):
            raise
        except ConversionError as error:
            yield refused(entry.source, error)
        finally:
            shutil.rmtree(inner.scratch, ignore_errors=True)


def _document_grids(
    path: Path, kind: Literal["html", "pdf"], compression: Compression, means: Means
) -> Iterator[Found]:
    yield from sheet_tables(
        Workbook(path, kind, compression, means.reader, means.options, kind=kind)
    )


def _xml_tables(
    path: Path, compression: Compression, options: ConversionOptions
) -> Iterator[Found]:
    parts = xml_rows.tell_parts(path, options=options)
    shared = Counter(part.path[-1] for part in parts if part.path)
    for part in parts:
        name: str | None = REST
        if part.path:
            name = part.path[-1] if shared[part.path[-1]] == 1 else ".".join(part.path)
        source = TableSource(name=None if len(parts) == 1 else name)
        yield Found(source, _XmlTable(path, part, compression, options))


@dataclass(frozen=True)
class _XmlTable:
    """Opens a part of an XML document."""

    path: Path
    part: xml_rows.XmlPart
    compression: Compression
    options: ConversionOptions

    def __call__(self, sink: Path) -> SourceTable:
        encoding = Encoding("as declared", "the XML declaration, or UTF-8")
        notes = ["elements without content are null"]
        dialect = Dialect(delimiter=",", newline="lf")
        sniffed = Sniffed(
            "xml", "the text begins as XML", self.compression, encoding, dialect, notes=notes
        )
        return JsonTable(
            self.path,
            sniffed=sniffed,
            reader=self._read,
            options=self.options,
            sink=sink,
            texts_are="text",
        )

    def _read(self, quarantine: Quarantine, progress: ByteProgress) -> RowPass:  # noqa: ARG002 - a reader's face
        return xml_rows.XmlRows(self.path, part=self.part, options=self.options, progress=progress)


@dataclass(frozen=True)
class _BinaryTable:
    """Opens a file that says its types itself."""

    path: Path
    format: Typed
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
