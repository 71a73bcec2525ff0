"""The lossless converter: one file in, typed Parquet and an honest report out.

Knows files and columns; no HTTP, SQL or queues.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from shared_lib.contracts.conversions import (
    ConversionOptions,
    ConversionReport,
    ConvertedTable,
    Decisions,
    FileReport,
    NotConverted,
    Part,
    QuarantineSummary,
    TableSource,
)
from svc_parquet.conversions.errors import (
    ConversionError,
    EncodingUndecidedError,
    MalformedRowsError,
    NoTablesError,
    SeveralTablesError,
    UnknownColumnError,
)
from svc_parquet.conversions.finding import Means, find_tables
from svc_parquet.conversions.found import Found, inside
from svc_parquet.conversions.parquet_writer import no_space
from svc_parquet.conversions.readers.reader_process import ReaderProcess
from svc_parquet.conversions.text_table import SourceTable, TextTable
from svc_parquet.conversions.typed_scan import Scanned, TypedScan
from svc_parquet.conversions.typed_table import AsText, KnownScan, TypedTable

Progress = Callable[[int, int], None]
_SHOWN_NAMES = 10
_SCRATCH = ".unpacked"


def _silent(done: int, total: int) -> None:
    """The progress of a caller who does not ask."""


def convert(
    source: Path,
    sink: Path,
    *,
    options: ConversionOptions | None = None,
    progress: Progress = _silent,
) -> ConversionReport:
    """Convert a file of one table into typed, lossless Parquet.

    Every cell of the source is in the result exactly: as a typed value that formats back to the
    same text (or, for doubles and mixed decimals, the same number), as text, or in the quarantine.

    Args:
        source: a file of any format that `find_tables` knows.
        sink: a folder, made when missing, that receives `part-00000.parquet` (more from 512 MiB
            on), `preview.json` and, only if rows were set aside, `quarantine.jsonl`.
        options: what the caller knows better than the file shows.
        progress: hears bytes done and bytes to do; a pass that has to be repeated adds to both.

    Raises:
        ConversionError: the file cannot be converted as it is (a subclass says why and where).
        SeveralTablesError: it holds more than one table; `convert_file` converts those.
        InvalidInputError: an option names a column, type or encoding that does not exist.
        NoSpaceError: the disk is full.
        OSError: the file cannot be read.
    """
    options = options or ConversionOptions()
    sink.mkdir(parents=True, exist_ok=True)
    with _disk_errors_explained(sink), _means(sink, options=options) as means:
        first, *more = find_tables(source, means=means)
        if first.file is not None:
            raise SeveralTablesError(
                f"{source.name} is an archive. Convert it as a file of several tables."
            )
        if more:
            names = ", ".join(str(found.source.name) for found in (first, *more)[:_SHOWN_NAMES])
            raise SeveralTablesError(
                f"{source.name} holds {len(more) + 1} tables: {names}. Convert it as a file of "
                "several tables."
            )
        return _convert_found(first, source, sink, options=options, progress=progress)


def convert_file(
    source: Path,
    sink: Path,
    *,
    options: ConversionOptions | None = None,
    progress: Progress = _silent,
    reader: ReaderProcess | None = None,
    path: str | None = None,
) -> FileReport:
    """Convert every table of a file; what cannot be converted is listed and the rest goes on.

    Args:
        source, options, progress: as for `convert`.
        sink: a folder, made when missing; each table's results are in a folder of its own there.
        reader: one to go on with after this file; left out, one is started when it is needed.
        path: the way to the file in the tree that it comes from, kept as the place of its tables.

    Raises:
        ConversionError: nothing of the file can be converted; the error is that of its first part.
        InvalidInputError, NoSpaceError, OSError: as for `convert`.
    """
    options = options or ConversionOptions()
    report = FileReport(tables=[], not_converted=[])
    failure: ConversionError | None = None
    with _disk_errors_explained(sink), _means(sink, options=options, reader=reader) as means:
        for found in find_tables(source, means=means):
            folder = f"{len(report.tables):05d}"
            if path is not None:
                found = replace(found, source=inside(path, found.source))  # noqa: PLW2901 - the same table
            try:
                made = _convert_found(
                    found, source, sink / folder, options=options, progress=progress
                )
            except ConversionError as error:
                failure = failure or error
                refused = NotConverted(source=found.source, code=error.code, reason=str(error))
                report.not_converted.append(refused)
            else:
                report.tables.append(ConvertedTable(folder=folder, report=made))
    if not report.tables:
        raise failure or NoTablesError(f"{source.name} holds no file. Pack some and send it again.")
    return report


@contextmanager
def _means(
    sink: Path, *, options: ConversionOptions, reader: ReaderProcess | None = None
) -> Iterator[Means]:
    """A folder for what is unpacked on the way and a reader, both gone in the end."""
    folder = sink / _SCRATCH
    own = ReaderProcess()
    try:
        yield Means(options, folder, reader or own)
    finally:
        own.close()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _disk_errors_explained(sink: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = no_space(error, folder=sink)
        if full is None:
            raise
        raise full from error


def _convert_found(
    found: Found, source: Path, sink: Path, *, options: ConversionOptions, progress: Progress
) -> ConversionReport:
    sink.mkdir(parents=True, exist_ok=True)
    table = found.open(sink)
    if found.file is not None:
        source, progress = found.file, _silent  # its bytes are none of those that are counted
    try:
        return _convert(
            source, sink, table=table, found=found.source, options=options, progress=progress
        )
    except BaseException:
        # Whatever it was: a quarantine of half a file tells nothing.
        table.quarantine.discard()
        raise
    finally:
        table.close()


def _convert(
    source: Path,
    sink: Path,
    *,
    table: SourceTable,
    found: TableSource,
    options: ConversionOptions,
    progress: Progress,
) -> ConversionReport:
    size = source.stat().st_size
    schema = options.schema_ or {}
    before = table.preparation_passes
    table.prepare(progress=lambda done: progress(done, (before + 1) * size))
    _refuse_unknown_columns(schema, table)
    scan = _scan(table, schema=schema, sink=sink)
    scanned = scan.run(
        progress=lambda number, done: progress(
            (before + number - 1) * size + done, (before + number) * size
        )
    )
    try:
        _refuse_unreadable(scanned.profile.rows, table, source)
        table.quarantine.close()
        columns = scan.decisions()
        decisions = table.decisions().model_copy(update={"columns": columns})
        quarantine = table.quarantine.summary()
        parts = scanned.writer.publish(
            scanned.empty,
            metadata=_metadata(scanned, decisions, quarantine, source)
            | {"source": found.model_dump(mode="json")},
        )
    except BaseException:
        # Whatever it was: a file that is not whole must not look like one.
        scanned.writer.abandon()
        raise
    scanned.preview.write(sink, columns=columns)
    return ConversionReport(
        source=found,
        rows=scanned.profile.rows,
        columns=len(columns),
        bytes_in=size,
        bytes_out=_total(parts),
        decisions=decisions,
        widened=scan.widened(),
        quarantine=quarantine,
        profile=scanned.profile,
        parts=parts,
        passes=scanned.passes,
    )


def _scan(table: SourceTable, *, schema: dict[str, str], sink: Path) -> TypedScan | KnownScan:
    """Text is given types; a table that has its own keeps them, unless others are asked for."""
    if isinstance(table, TextTable):
        return TypedScan(table, schema=schema, sink=sink)
    if not isinstance(table, TypedTable):
        raise TypeError(type(table).__name__)
    if not schema:
        return KnownScan(table, sink=sink)
    text = AsText(table)
    return TypedScan(text, schema=text.types | schema, sink=sink)


def _total(parts: list[Part]) -> int:
    return sum(part.bytes for part in parts)


def _metadata(
    scanned: Scanned, decisions: Decisions, quarantine: QuarantineSummary, source: Path
) -> dict[str, object]:
    return {
        "decisions": decisions.model_dump(mode="json", by_alias=True),
        "report": {
            "rows": scanned.profile.rows,
            "quarantined_rows": quarantine.rows,
            "bytes_in": source.stat().st_size,
            "passes": scanned.passes,
        },
    }


def _refuse_unknown_columns(schema: dict[str, str], table: SourceTable) -> None:
    names = table.names
    for wanted in schema:
        if wanted not in names:
            shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
            raise UnknownColumnError(
                f"The schema names the column {wanted!r}, which the file does not have. Its "
                f"columns are: {shown}.",
                field=f"schema.{wanted}",
            )


def _refuse_unreadable(rows: int, table: SourceTable, source: Path) -> None:
    """A file most of which had to be set aside was not understood; say so instead."""
    quarantine = table.quarantine.summary()
    undecodable = table.quarantine.count("encoding")
    if undecodable > rows:
        first = quarantine.first[0]
        raise EncodingUndecidedError(
            f"{undecodable:,} rows of {source.name} cannot be decoded and only {rows:,} can "
            f"(line {first.line:,}: {first.reason}). Convert again with the file's encoding.",
            line=first.line,
            byte=first.byte,
        )
    if quarantine.rows and not rows:
        first = quarantine.first[0]
        raise MalformedRowsError(
            f"None of the {quarantine.rows:,} rows of {source.name} can be read (line "
            f"{first.line:,}: {first.reason}). Check the delimiter and the format.",
            line=first.line,
            byte=first.byte,
        )
