"""Reads the sheets of an OpenDocument spreadsheet from its XML.

The reader of the other workbooks gives every number of an .ods as a double, errors as nothing, and
drops repeated spaces, tabs and line breaks from texts: the file has them all. Element names are
those of ODF 1.3, part 3.
"""

import datetime as dt
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import repeat

from svc_parquet.conversions.readers.cells import Cell, Digits, beyond_double
from svc_parquet.conversions.readers.refusing import RefusedError
from svc_parquet.conversions.readers.safe_xml import safe_parser

MOST_ROWS, MOST_COLUMNS = 2**20, 2**14
"""What a spreadsheet program can hold; a file that claims more is refused."""
_DURATION = re.compile(
    r"(-)?P(?:(\d{1,7})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:[.,](\d+))?S)?)?"
)
_MANIFEST = "META-INF/manifest.xml"
_NUMBERS = {"float", "percentage", "currency"}
_DAY = dt.timedelta(days=1)
_MIDNIGHT = dt.datetime(1, 1, 1)  # noqa: DTZ001 - times of cells have no zone

Place = tuple[int, int]


@dataclass
class OdsSheet:
    """A sheet: its rows with cells, each with its number from 0 and how often it is repeated."""

    name: str
    hidden: bool = False
    rows: list[tuple[int, int, list[Cell]]] = field(default_factory=list)
    merged_cell_ranges: list[tuple[Place, Place]] = field(default_factory=list)
    uncached: int = 0

    @property
    def start(self) -> Place | None:
        """Row and column of the first cell, or None when there is none."""
        if not self.rows:
            return None
        lefts = (_left(cells) for _, _, cells in self.rows)
        return self.rows[0][0], min(lefts)

    @property
    def height(self) -> int:
        """How many rows there are from the first cell to the last."""
        if not self.rows:
            return 0
        last, times, _ = self.rows[-1]
        return last + times - self.rows[0][0]

    def iter_rows(self) -> Iterator[list[Cell]]:
        """The rows from the first with a cell on, all of one length."""
        start = self.start
        if start is None:
            return
        left = start[1]
        width = max(len(cells) for _, _, cells in self.rows) - left
        due = start[0]
        for number, times, cells in self.rows:
            for _ in repeat(None, number - due):
                yield [None] * width
            row = cells[left:] + [None] * (width + left - len(cells))
            for _ in repeat(None, times):
                yield list(row)
            due = number + times


def _left(cells: list[Cell]) -> int:
    return next(place for place, cell in enumerate(cells) if cell is not None)


def read_sheets(path: str) -> list[OdsSheet]:
    """All sheets of a file.

    Raises:
        RefusedError: it is protected by a password, or claims more cells than a sheet can have.
        UnsafeXmlError, ExpatError, BadZipFile: it is damaged or hostile.
    """
    with zipfile.ZipFile(path) as archive:
        if _MANIFEST in archive.namelist() and b"encryption-data" in archive.read(_MANIFEST):
            raise RefusedError("protected_file", "it is protected by a password; save it without")
        with archive.open("content.xml") as file:
            reading = _Reading()
            parser = safe_parser()
            parser.StartElementHandler = reading.start
            parser.EndElementHandler = reading.end
            parser.CharacterDataHandler = reading.characters
            parser.ParseFile(file)
    return reading.sheets


class _Reading:
    """What is known while the document goes by."""

    def __init__(self) -> None:
        self.sheets: list[OdsSheet] = []
        self._style: str | None = None
        self._hidden_styles: set[str] = set()
        self._sheet: OdsSheet | None = None
        self._row = self._row_times = 0
        self._cells: list[Cell] = []
        self._place = 0
        self._cell: dict[str, str] | None = None
        self._texts: list[str] | None = None
        self._in_text = self._ignored = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if self._ignored or name in {"office:annotation", "draw:frame", "table:shapes"}:
            self._ignored += 1
        elif self._cell is not None:
            self._start_in_cell(name, attributes)
        elif name in {"table:table-cell", "table:covered-table-cell"}:
            self._cell, self._texts = attributes, None
        elif name == "table:table-row":
            self._row_times = _count(attributes, "table:number-rows-repeated")
            self._cells, self._place = [], 0
        elif name == "table:table":
            hidden = attributes.get("table:style-name") in self._hidden_styles
            self._sheet = OdsSheet(attributes.get("table:name", ""), hidden=hidden)
            self._row = 0
        elif name == "style:style":
            self._style = attributes.get("style:name")
        elif name == "style:table-properties" and attributes.get("table:display") == "false":
            self._hidden_styles.add(self._style or "")

    def _start_in_cell(self, name: str, attributes: dict[str, str]) -> None:
        if name == "text:p":
            self._in_text += 1
            if self._texts is None:
                self._texts = []
            elif self._in_text == 1:
                self._texts.append("\n")
        elif self._in_text and self._texts is not None:
            if name == "text:s":
                self._texts.append(" " * min(_count(attributes, "text:c"), MOST_ROWS))
            elif name == "text:tab":
                self._texts.append("\t")
            elif name == "text:line-break":
                self._texts.append("\n")

    def characters(self, text: str) -> None:
        """Text goes by."""
        if self._in_text and not self._ignored and self._texts is not None:
            self._texts.append(text)

    def end(self, name: str) -> None:
        """An element ends."""
        if self._ignored:
            self._ignored -= 1
        elif name == "text:p" and self._in_text:
            self._in_text -= 1
        elif name in {"table:table-cell", "table:covered-table-cell"} and self._cell is not None:
            self._end_cell(self._cell)
            self._cell = None
        elif name == "table:table-row":
            self._end_row()
        elif name == "table:table" and self._sheet is not None:
            self.sheets.append(self._sheet)
            self._sheet = None

    def _end_cell(self, attributes: dict[str, str]) -> None:
        times = _count(attributes, "table:number-columns-repeated")
        text = None if self._texts is None else "".join(self._texts)
        value = _value(attributes, text)
        sheet = self._sheet
        if sheet is not None:
            right = _count(attributes, "table:number-columns-spanned") - 1
            down = _count(attributes, "table:number-rows-spanned") - 1
            if right or down:
                here = (self._row, self._place)
                sheet.merged_cell_ranges.append((here, (here[0] + down, here[1] + right)))
            if value is None and "table:formula" in attributes:
                sheet.uncached += times * self._row_times
        if value is not None:
            if self._place + times > MOST_COLUMNS:
                raise _too_large()
            self._cells.extend(repeat(None, self._place - len(self._cells)))
            self._cells.extend(repeat(value, times))
        self._place += times

    def _end_row(self) -> None:
        if self._cells and self._sheet is not None:
            if self._row + self._row_times > MOST_ROWS:
                raise _too_large()
            self._sheet.rows.append((self._row, self._row_times, self._cells))
        self._row += self._row_times


def _too_large() -> RefusedError:
    return RefusedError(
        "too_large", f"it claims cells beyond {MOST_ROWS:,} rows or {MOST_COLUMNS:,} columns"
    )


def _count(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return int(text) if text.isdigit() and len(text) < 10 else 1


def _value(attributes: dict[str, str], text: str | None) -> Cell:
    """What a cell holds; a value that cannot be told from its form is kept as it is written."""
    kind = attributes.get("office:value-type")
    shown = text or ""
    computed = "table:formula" in attributes
    if attributes.get("calcext:value-type") == "error":
        return text or "#ERROR"
    if kind in _NUMBERS and computed and shown.startswith(("#", "Err:")):
        return text
    attribute, read = _READERS.get("float" if kind in _NUMBERS else kind or "", _READERS["string"])
    return read(attributes.get(attribute, shown))


def _number(written: str) -> Cell:
    try:
        number = float(written)
    except ValueError:
        return written or None
    if beyond_double(written):
        return Digits(written)
    return number if abs(number) < float("inf") else written


def _moment(written: str) -> Cell:
    try:
        if len(written) == len("2024-01-05"):
            return dt.date.fromisoformat(written)
        moment = dt.datetime.fromisoformat(written)
    except ValueError:
        return written or None
    fraction = written.partition(".")[2]
    return written if moment.tzinfo or len(fraction.rstrip("0")) > 6 else moment


def _time(written: str) -> Cell:
    """Times of day below 24 hours, durations above; both are spelled h:mm:ss in the end."""
    found = _DURATION.fullmatch(written)
    if found is None or not any(found.groups()[1:]):
        return written or None
    sign, days, hours, minutes, seconds, fraction = found.groups()
    digits = (fraction or "").rstrip("0")
    if len(digits) > 6:
        return written
    took = dt.timedelta(
        days=int(days or 0),
        hours=int(hours or 0),
        minutes=int(minutes or 0),
        seconds=int(seconds or 0),
        microseconds=int(digits.ljust(6, "0")),
    )
    if sign:
        return -took
    return took if took >= _DAY else (_MIDNIGHT + took).time()


def _truth(written: str) -> Cell:
    return {"true": True, "false": False}.get(written, written or None)


_READERS: dict[str, tuple[str, Callable[[str], Cell]]] = {
    "float": ("office:value", _number),
    "boolean": ("office:boolean-value", _truth),
    "date": ("office:date-value", _moment),
    "time": ("office:time-value", _time),
    "string": ("office:string-value", lambda written: written or None),
}
"""The attribute with the value of each kind of cell, and what reads it."""
