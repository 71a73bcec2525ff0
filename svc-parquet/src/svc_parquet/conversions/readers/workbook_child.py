"""Workbooks, in the reader's process: to Arrow files of typed columns.

Sheets are read by calamine, and what it cannot tell is looked up in the file; .ods is read by us.
"""

import contextlib
import datetime as dt
import zipfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import python_calamine as calamine

from svc_parquet.conversions.readers.cells import (
    Cell,
    Digits,
    Form,
    beyond_double,
    cell_text,
    form_of,
)
from svc_parquet.conversions.readers.exceptions import Exceptions, exceptions_of
from svc_parquet.conversions.readers.ods_sheets import OdsSheet, read_sheets
from svc_parquet.conversions.readers.refusing import Handler, RefusedError, identity_of

HEAD_ROWS = 200
_TIMES = (dt.date, dt.time, dt.timedelta)
_BLOCK_ROWS = 20_000
_LARGE = float(2**53)

Rows = list[list[Cell]]


class _Open:
    """The workbook that was opened last, and the sheet that was looked at last."""

    identity: tuple[object, ...] | None = None
    book: Any = None
    sheet_name: str | None = None
    sheet: Any = None


def _book(path: str) -> Any:
    found = identity_of(path)
    if _Open.identity != found:
        try:
            _Open.book, _Open.identity = _opened(path), found
        except calamine.PasswordError as error:
            raise RefusedError(
                "protected_file", "it is protected by a password; save it without one"
            ) from error
        _Open.sheet_name = None
    return _Open.book


def _opened(path: str) -> Any:
    """A workbook of calamine, or the sheets of an .ods by their names, made distinct."""
    with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
        if "content.xml" in archive.namelist():
            sheets: dict[str, OdsSheet] = {}
            for number, sheet in enumerate(read_sheets(path), 1):
                name = sheet.name or f"sheet {number}"
                sheets[name if name not in sheets else f"{name} ({number})"] = sheet
            return sheets
    return calamine.CalamineWorkbook.from_path(path)


def _sheet(path: str, name: str) -> Any:
    book = _book(path)
    if isinstance(book, dict):
        return book[name]
    if _Open.sheet_name != name:
        _Open.sheet = None  # the last one's cells are not held beside the next one's
        _Open.sheet, _Open.sheet_name = book.get_sheet_by_name(name), name
    return _Open.sheet


def list_sheets(*, path: str) -> list[dict[str, Any]]:
    """Names, whether each is shown, and whether it has cells at all."""
    book = _book(path)
    if isinstance(book, dict):
        shown = {"kind": "WorkSheet"}
        return [{"name": name, "hidden": s.hidden} | shown for name, s in book.items()]
    return [
        {
            "name": sheet.name,
            "hidden": sheet.visible != calamine.SheetVisibleEnum.Visible,
            "kind": str(sheet.typ).rpartition(".")[2],
        }
        for sheet in book.sheets_metadata
    ]


def read_head(*, path: str, sheet: str) -> dict[str, Any]:
    """The first rows as text with the form of each cell, the merged ranges, and where it begins."""
    found = _sheet(path, sheet)
    if found.start is None:
        return {"rows": [], "forms": [], "merged": [], "row": 0, "column": 0, "height": 0}
    rows: Rows = [_plain(row) for row in islice(_rows_of(found), HEAD_ROWS)]
    return {
        "rows": [[cell_text(cell) for cell in row] for row in rows],
        "forms": [[form_of({type(cell)}) for cell in row] for row in rows],
        "merged": found.merged_cell_ranges or [],
        "row": found.start[0],
        "column": found.start[1],
        "height": found.height,
    }


def _rows_of(sheet: Any) -> Iterator[list[Any]]:
    """The rows from the first with a cell on; the library begins at the top of the sheet."""
    if isinstance(sheet, OdsSheet):
        return sheet.iter_rows()
    return islice(sheet.iter_rows(), sheet.start[0], None)


def write_rows(
    *, path: str, sheet: str, skip: int, nulls: list[str], folder: str
) -> dict[str, Any]:
    """Write the rows after the first `skip` as Arrow files; the forms of the columns of each.

    Cells that are errors, and numbers that doubles do not hold, are taken from the file itself.
    """
    found = _sheet(path, sheet)
    words = frozenset(nulls)
    rows: Iterator[list[Cell]] = islice(_rows_of(found), skip, None)
    if words - {""}:
        rows = (_plain(row, words) for row in rows)
    if isinstance(found, OdsSheet):
        exceptions = Exceptions(uncached=found.uncached)
    else:
        exceptions = exceptions_of(Path(path), sheet, place=_book(path).sheet_names.index(sheet))
    if exceptions.cells:
        start = (found.start[0] + skip, found.start[1])
        rows = _overlaid(rows, exceptions.cells, start=start)
    blocks: list[dict[str, Any]] = []
    blank = 0
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    while block := list(islice(rows, _BLOCK_ROWS)):
        kept = [row for row in block if row.count("") + row.count(None) < len(row)]
        blank += len(block) - len(kept)
        if not kept:
            continue
        arrays, forms = zip(*(_array(column) for column in zip(*kept, strict=True)), strict=True)
        file = target / f"{len(blocks):06d}.arrow"
        table = pa.Table.from_arrays(arrays, [f"c{place}" for place in range(len(arrays))])
        with pa.OSFile(str(file), "wb") as out, pa.ipc.new_file(out, table.schema) as writer:
            writer.write_table(table)
        blocks.append({"forms": forms, "rows": len(kept)})
    return {"blocks": blocks, "blank": blank, "uncached": exceptions.uncached}


def _plain(row: Iterable[Any], nulls: frozenset[str] = frozenset()) -> list[Cell]:
    """calamine gives an empty text for a cell that holds nothing."""
    return [None if cell == "" or (type(cell) is str and cell in nulls) else cell for cell in row]


def _overlaid(
    rows: Iterator[list[Cell]], cells: dict[tuple[int, int], str], *, start: tuple[int, int]
) -> Iterator[list[Cell]]:
    by_row: dict[int, dict[int, str]] = {}
    for (place_row, column), text in cells.items():
        by_row.setdefault(place_row, {})[column] = text
    for number, row in enumerate(rows, start[0]):
        for column, text in by_row.get(number, {}).items():
            place = column - start[1]
            # What is shown as a date is one, however many digits its number has.
            if 0 <= place < len(row) and not isinstance(row[place], _TIMES):
                row[place] = Digits(text) if beyond_double(text) else text
        yield row


def _array(column: tuple[Cell, ...]) -> tuple[pa.Array, Form]:
    """The cells of a column, typed where they are of one form and texts where not.

    An empty text is calamine's cell that holds nothing.
    """
    kinds = set(map(type, column))
    if str in kinds and "" in column:
        column = tuple(None if cell == "" else cell for cell in column)
        kinds = set(map(type, column))
    if Digits in kinds:
        plain = kinds - {Digits, type(None)}
        form: Form = "number" if plain <= {float, int} else "mixed"
        return pa.array(list(map(cell_text, column)), pa.string()), form
    form = form_of(kinds)
    if form == "number":
        return pa.array(column, pa.float64()), form
    if form in _TYPES:
        return pa.array(column, _TYPES[form]), form
    if form == "datetime":
        moments = [_moment(cell) for cell in column]
        return pa.array(moments, pa.timestamp("us")), form
    if form == "duration":
        return pa.array(list(map(cell_text, column)), pa.string()), form
    return pa.array(list(map(cell_text, column)), pa.string()), form


def _moment(cell: Any) -> dt.datetime | None:
    if cell is None or isinstance(cell, dt.datetime):
        return cell
    return dt.datetime.combine(cell, dt.time())


_TYPES: dict[Form, pa.DataType] = {
    "none": pa.string(),
    "string": pa.string(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "time": pa.time64("us"),
}
HANDLERS: dict[str, Handler] = {"sheets": list_sheets, "head": read_head, "rows": write_rows}
