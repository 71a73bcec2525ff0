"""Workbooks, and what is given like them: a table a sheet, read by the reader's process."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from shared_lib.contracts.conversions import (
    Compression,
    ConversionOptions,
    Decisions,
    SourceFormat,
    TableSource,
)
from svc_parquet.conversions.byte_source import ByteProgress
from svc_parquet.conversions.errors import EmptyFileError, SheetNotFoundError
from svc_parquet.conversions.found import Found
from svc_parquet.conversions.headers import usable_names
from svc_parquet.conversions.inference import ColumnKind
from svc_parquet.conversions.quarantine import Quarantine
from svc_parquet.conversions.readers.cells import Form, cell_text, join_forms
from svc_parquet.conversions.readers.reader_process import ReaderProcess
from svc_parquet.conversions.readers.sheet_layout import Layout, lay_out
from svc_parquet.conversions.text_table import TextColumn, TextTable

_KINDS: dict[Form, ColumnKind] = {
    "number": "json_number",
    "boolean": "json_boolean",
    "date": "json_string",
    "datetime": "json_string",
    "mixed": "cells_mixed",
    "none": "text",
    "text": "text",
}
_ENCODINGS = {"html": "utf-8 or as declared"}
_SPOOL_NAME = ".sheet.unfinished"


@dataclass(frozen=True)
class Workbook:
    """A workbook and the process that reads it."""

    path: Path
    format: SourceFormat
    compression: Compression
    reader: ReaderProcess
    options: ConversionOptions

    kind: str = "workbook"
    """Which of the reader's modules knows the format."""

    def ask(self, do: str, **request: Any) -> Any:
        """Ask the reader about this file."""
        if self.kind != "workbook":
            request["encoding"] = self.options.encoding
        return self.reader.ask(
            f"{self.kind}.{do}", name=self.path.name, path=str(self.path), **request
        )


@dataclass
class _Column:
    """A column of the sheet on its way to one of the table."""

    place: int
    forms: set[Form] = field(default_factory=set)

    @property
    def form(self) -> Form:
        return join_forms(self.forms)


class SheetTable(TextTable):
    """One sheet. Rows count as the sheet counts them, from 1."""

    preparation_passes = 1

    def __init__(self, workbook: Workbook, *, sheet: str, sink: Path) -> None:
        self._workbook = workbook
        self._sheet = sheet
        self._spool = sink / _SPOOL_NAME
        self._columns: list[_Column] = []
        self._blocks: list[dict[str, Any]] = []
        self._layout: Layout | None = None
        self._blank = 0
        self._notes: list[str] = []
        self.quarantine = Quarantine(sink, on_bad_rows=workbook.options.on_bad_rows)
        self.columns = []

    def prepare(self, *, progress: ByteProgress) -> None:
        """Have the sheet written to the spool, and find out what its columns hold."""
        head = self._workbook.ask("head", sheet=self._sheet)
        if not any(cell is not None for row in head["rows"] for cell in row):
            raise EmptyFileError(f"The sheet {self._sheet!r} holds no data.")
        origin = (head["row"], head["column"])
        layout = lay_out(
            head["rows"],
            merged=head["merged"],
            origin=origin,
            options=self._workbook.options,
            told_rows=head.get("header_rows"),
        )
        self._set_aside(head["rows"][: layout.before], first_row=origin[0] + 1)
        shutil.rmtree(self._spool, ignore_errors=True)
        written = self._workbook.ask(
            "rows",
            sheet=self._sheet,
            skip=layout.skip,
            nulls=self._workbook.options.null_values,
            folder=str(self._spool),
        )
        self._layout, self._blocks = layout, written["blocks"]
        self._blank = written["blank"]
        self._find_columns(layout)
        self._note(head, layout, uncached=written["uncached"])
        progress(self._workbook.path.stat().st_size)

    def _set_aside(self, rows: list[list[str | None]], *, first_row: int) -> None:
        """Titles and remarks over the table are no rows of it, and are kept all the same."""
        for number, row in enumerate(rows, first_row):
            cells = [cell for cell in row if cell is not None]
            if cells:
                self.quarantine.add(
                    json.dumps(row, ensure_ascii=False).encode(),
                    line=number,
                    byte=0,
                    kind="layout",
                    reason="the row stands over the table's header",
                )

    def _find_columns(self, layout: Layout) -> None:
        """Columns with a name or a value; a column with neither holds nothing."""
        names = layout.header.names
        columns = [_Column(place) for place in range(len(names))]
        for block in self._blocks:
            for column, form in zip(columns, block["forms"], strict=True):
                column.forms.add(form)
        self._columns = [
            column for column in columns if names[column.place] is not None or column.form != "none"
        ]
        found = [names[column.place] for column in self._columns]
        self.columns = [
            TextColumn(
                name,
                kind=_KINDS.get(column.form, "fixed_text"),
                source_name=None if source == name else source or "",
            )
            for name, source, column in zip(usable_names(found), found, self._columns, strict=True)
        ]

    def _note(self, head: dict[str, Any], layout: Layout, *, uncached: int) -> None:
        self._notes.extend(head.get("notes", []))
        if head["row"] or head["column"] or layout.before:
            first = head["row"] + layout.before + 1
            self._notes.append(
                f"the table begins in row {first}, column {head['column'] + 1} of the sheet"
            )
        if layout.header_rows > 1:
            self._notes.append(f"the header takes {layout.header_rows} rows, joined by ' / '")
        if uncached:
            self._notes.append(
                f"{uncached:,} formulas have no stored result and are null; open the workbook and "
                "save it to have them computed"
            )
        if self._workbook.format in {"xlsb", "xls"}:
            self._notes.append("numbers are doubles in this format; each is kept exactly")

    def frames(self, *, progress: ByteProgress) -> Iterator[pl.DataFrame]:
        """All rows from the spool."""
        size = self._workbook.path.stat().st_size
        for number, block in enumerate(self._blocks, 1):
            with pa.memory_map(str(self._spool / f"{number - 1:06d}.arrow")) as file:
                table = pa.ipc.open_file(file).read_all()
            series = [
                _texts(table.column(column.place), block["forms"][column.place], column.form)
                for column in self._columns
            ]
            yield pl.DataFrame([each.alias(f"c{i}") for i, each in enumerate(series)])
            progress(size * number // len(self._blocks))

    def decisions(self) -> Decisions:
        """How the sheet was read."""
        workbook, layout = self._workbook, self._layout
        return Decisions(
            format=workbook.format,
            format_reason="the contents of the file",
            compression=workbook.compression,
            encoding=workbook.options.encoding or _ENCODINGS.get(workbook.kind, "binary"),
            encoding_reason="given" if workbook.options.encoding else "the file says so",
            header=layout.header.present if layout else None,
            header_reason=layout.header.reason if layout else None,
            null_values=workbook.options.null_values,
            blank_lines=self._blank,
            notes=self._notes,
        )

    def close(self) -> None:
        """Remove the spool."""
        shutil.rmtree(self._spool, ignore_errors=True)


def _texts(values: pa.ChunkedArray, form: Form, wanted: Form) -> pl.Series:
    """A stretch of a column as text, as the form of the whole column spells it."""
    if pa.types.is_string(values.type):
        return pl.Series(values.cast(pa.large_string()))
    if wanted == "mixed" or form == "time":
        return pl.Series([cell_text(cell) for cell in values.to_pylist()], dtype=pl.String)
    if form == "number":
        return _number_texts(pl.Series(values))
    if wanted == "datetime":
        moments = pl.Series(values.cast(pa.timestamp("us")))
        return moments.dt.to_string("%Y-%m-%d %H:%M:%S%.6f")
    return pl.Series(values).cast(pl.String)


def _number_texts(numbers: pl.Series) -> pl.Series:
    """Integers without a point where a double holds them; the shortest digits elsewhere."""
    integers = numbers.cast(pl.Int64, strict=False)
    plain = (
        (integers.cast(pl.Float64) == numbers)
        & (numbers.abs() < 2**53)
        & ~((numbers == 0) & (1 / numbers < 0))
    )
    frame = pl.DataFrame({"n": numbers, "i": integers, "p": plain})
    chosen = pl.when(pl.col("p")).then(pl.col("i").cast(pl.String))
    return frame.select(chosen.otherwise(pl.col("n").cast(pl.String)).alias("t"))["t"]


WORKBOOK_FORMATS: dict[str, SourceFormat] = {
    "xlsx": "xlsx",
    "xlsm": "xlsm",
    "xlsb": "xlsb",
    "xls": "xls",
    "ods": "ods",
}


def sheet_tables(workbook: Workbook) -> Iterator[Found]:
    """The sheets of a workbook, or those that were asked for.

    Raises:
        SheetNotFoundError: a sheet that was asked for does not exist.
    """
    sheets = workbook.ask("sheets")
    names = [sheet["name"] for sheet in sheets]
    wanted = names if workbook.options.sheets is None else workbook.options.sheets
    for name in wanted:
        if name not in names:
            raise SheetNotFoundError(
                f"{workbook.path.name} has no sheet {name!r}. Its sheets are: "
                f"{', '.join(names[:20])}.",
                field="sheets",
            )
    for sheet in sheets:
        if sheet["name"] in wanted:
            source = TableSource(name=sheet["name"], hidden=sheet["hidden"])
            yield Found(source, _SheetOpener(workbook, sheet["name"], sheet["kind"]))


@dataclass(frozen=True)
class _SheetOpener:
    workbook: Workbook
    sheet: str
    kind: str

    def __call__(self, sink: Path) -> SheetTable:
        if self.kind != "WorkSheet":
            raise EmptyFileError(f"{self.sheet!r} is no sheet of cells but a {self.kind}.")
        return SheetTable(self.workbook, sheet=self.sheet, sink=sink)
