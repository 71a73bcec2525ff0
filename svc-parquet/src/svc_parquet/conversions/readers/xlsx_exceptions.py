"""What calamine cannot tell of an .xlsx sheet: errors, long numbers, formulas without a result.

An error in a cell is read as nothing, and every number as a double. The sheet's XML is searched for
such cells as bytes, which is cheap, and parsed only if it has some. Spreadsheet programs write 17
digits at most, which a double gives back; other programs may write more.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from svc_parquet.conversions.readers.cells import beyond_double
from svc_parquet.conversions.readers.safe_xml import safe_parser

_BLOCK = 1 << 20
_OVERLAP = 64
_LONG = re.compile(rb"v>-?(?:[0-9]{16}|[1-9](?=[0-9.]{18})[0-9]*\.|0\.0*[1-9][0-9]{17})")
_UNCACHED = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f\b[^<>]*/>)"
    rb"(?:<(?:\w+:)?v ?/>|<(?:\w+:)?v></(?:\w+:)?v>)?</(?:\w+:)?c>"
)
_ERROR = b't="e"'
_FORMULA_STARTS = (b"<f", b":f")
"""What every formula begins with, and little else in a sheet; looked for fast."""
_REFERENCE = re.compile(r"([A-Z]+)([0-9]+)")


@dataclass
class Exceptions:
    """Texts of cells by row and column from 0, and how many formulas have no result."""

    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    uncached: int = 0


def xlsx_exceptions(archive: zipfile.ZipFile, *, part: str) -> Exceptions:
    """The exceptions of a sheet's part of an .xlsx."""
    found = Exceptions()
    special = False
    with archive.open(part) as file:
        for block in _overlapping(file):
            special = special or _ERROR in block or _LONG.search(block) is not None
            if any(start in block for start in _FORMULA_STARTS):
                found.uncached += _count_new(_UNCACHED, block)
    if special:
        with archive.open(part) as file:
            found.cells = _SpecialCells().read(file)
    return found


def xlsx_part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The archive's entry that holds a sheet."""
    targets = relation_targets(archive, "xl/_rels/workbook.xml.rels")
    for name, attributes in _elements(archive, "xl/workbook.xml"):
        if name == "sheet" and attributes.get("name") == sheet:
            relation = next((v for k, v in attributes.items() if k.endswith(":id")), "")
            return targets.get(relation)
    return None


def relation_targets(archive: zipfile.ZipFile, entry: str) -> dict[str, str]:
    """Entries of the archive by the ids of a workbook's relations."""
    names = set(archive.namelist())
    found: dict[str, str] = {}
    for name, attributes in _elements(archive, entry) if entry in names else []:
        if name == "Relationship":
            target = attributes.get("Target", "")
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            if part in names:
                found[attributes.get("Id", "")] = part
    return found


def _elements(archive: zipfile.ZipFile, entry: str) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    parser = safe_parser()
    parser.StartElementHandler = lambda name, attributes: found.append(
        (name.rpartition(":")[2], attributes)
    )
    parser.Parse(archive.read(entry), True)  # noqa: FBT003 - expat takes it by place
    return found


def _overlapping(file: IO[bytes]) -> Iterator[bytes]:
    """Blocks, each with the end of the one before it."""
    end = b""
    while block := file.read(_BLOCK):
        yield end + block
        end = block[-_OVERLAP:]


def _count_new(pattern: re.Pattern[bytes], block: bytes) -> int:
    """Matches that end after the stretch that was looked at with the block before."""
    seen = _OVERLAP if len(block) > _BLOCK else 0
    return sum(match.end() > seen for match in pattern.finditer(block))


class _SpecialCells:
    """Reads the cells of a sheet that hold an error or a long number."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], str] = {}
        self._row = self._column = -1
        self._error = self._number = False
        self._text: list[str] | None = None

    def read(self, file: IO[bytes]) -> dict[tuple[int, int], str]:
        """All of them."""
        parser = safe_parser()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.ParseFile(file)
        return self._cells

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "row":
            self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
            self._column = -1
        elif name == "c":
            reference = _REFERENCE.fullmatch(attributes.get("r", ""))
            self._column = _column_number(reference[1]) if reference else self._column + 1
            self._error = attributes.get("t") == "e"
            self._number = attributes.get("t", "n") == "n"
        elif name == "v":
            self._text = []

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        if name.rpartition(":")[2] != "v" or self._text is None:
            return
        text = "".join(self._text)
        if self._error or (self._number and beyond_double(text)):
            self._cells[self._row, self._column] = text
        self._text = None


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
