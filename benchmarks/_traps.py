"""Ordinary files on which readers lose values, and what is in each of them.

What a file holds is told by Python's csv and json modules and by openpyxl, which share no code with
the converter, or is written down here where those cannot tell it.
"""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

FAR = 1_000_000
JSON_FAR = 300_000
SHEET_FAR = 3_001


class Number(str):
    """A number of a JSON document as it was written."""

    __slots__ = ()


class Twice(str):
    """A key that an object has twice: no one value is what the file says."""

    __slots__ = ()


@dataclass(frozen=True)
class Trap:
    """A file and its rows. `rows` is None where the file holds no table and must be refused."""

    what: str
    name: str
    data: Callable[[], bytes]
    rows: Callable[[bytes], list[list[Any]] | None]
    columns: tuple[str, ...] | None = None
    encoding: str = "utf-8"


def _csv_rows(data: bytes, *, delimiter: str = ",", encoding: str = "utf-8") -> list[list[Any]]:
    text = data.decode(encoding)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    return [row for row in rows[1:] if row]


def _csv(what: str, text: str, *, encoding: str = "utf-8", delimiter: str = ",") -> Trap:
    return Trap(
        what,
        "trap.csv",
        lambda: text.encode(encoding),
        lambda data: _csv_rows(data, delimiter=delimiter, encoding=encoding),
        encoding=encoding,
    )


def _told(what: str, text: str, rows: list[list[Any]] | None, *, name: str = "trap.csv") -> Trap:
    return Trap(what, name, text.encode, lambda _: rows)


def _late(what: str, usual: str, surprise: str) -> Trap:
    """A column whose only surprise comes after a million rows."""

    def data() -> bytes:
        lines = [f"{number},{usual}" for number in range(FAR)]
        return ("id,v\n" + "\n".join(lines) + f"\n{FAR},{surprise}\n").encode()

    return Trap(what, "trap.csv", data, _csv_rows)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key] = Twice(f"{found[key]} and {value}") if key in found else value
    return found


def _json(what: str, columns: tuple[str, ...], lines: Callable[[], list[str]]) -> Trap:
    def rows(data: bytes) -> list[list[Any]]:
        found = [
            json.loads(line, parse_int=Number, parse_float=Number, object_pairs_hook=_pairs)
            for line in data.decode().splitlines()
        ]
        return [[row.get(column) for column in columns] for row in found]

    return Trap(what, "trap.jsonl", lambda: "\n".join(lines()).encode() + b"\n", rows, columns)


def _late_json(usual: str, surprise: str) -> list[str]:
    return [f'{{"id": {n}, "v": {usual}}}' for n in range(JSON_FAR)] + [surprise]


def _sheet(rows: list[list[Any]]) -> bytes:
    import openpyxl  # noqa: PLC0415 - needed by two traps only

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("S")
    for row in rows:
        sheet.append(row)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def _sheet_rows(data: bytes) -> list[list[Any]]:
    import openpyxl  # noqa: PLC0415 - needed by two traps only

    sheet = openpyxl.load_workbook(io.BytesIO(data))["S"]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    return [[cell if isinstance(cell, str) else Number(cell) for cell in row] for row in rows]


def _long_integer_sheet() -> bytes:
    """A workbook with an integer that programs write and a double does not hold."""
    sink = io.BytesIO()
    plain = io.BytesIO(_sheet([["id", "v"], [1, 111], [2, 5]]))
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(sink, "w") as target:
        for entry in source.infolist():
            content = source.read(entry).replace(b"<v>111</v>", b"<v>9007199254740993</v>")
            target.writestr(entry, content)
    return sink.getvalue()


def _late_sheet() -> bytes:
    rows: list[list[Any]] = [["id", "v"]]
    rows += [[number, number / 4] for number in range(SHEET_FAR)]
    return _sheet([*rows, [SHEET_FAR, "closed"]])


_PLAIN = "id,v\n" + "".join(f"{n},{n * 2}\n" for n in range(50))
_RAGGED = "a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n"
_WIDER = "a,b\n" + "".join(f"{n},{n}\n" for n in range(1000)) + "1000,1000,1000\n" * 1000
_CITIES = "city,n\nKöln,1\nBräunlingen,2\nplain,3\n"

TRAPS = [
    _csv("latin-1, not declared", _CITIES, encoding="latin-1"),
    _csv("UTF-16 with its mark", _CITIES, encoding="utf-16"),
    _csv("`;` between fields", "a;b\n1;x\n2;y\n3;z\n", delimiter=";"),
    _csv("tabs in a .csv", "a\tb\n1\tx\n2\ty\n3\tz\n", delimiter="\t"),
    _csv("rows of 2 and 4 fields among 3", _RAGGED),
    _csv("2 fields, then 3 from row 1,000", _WIDER),
    _csv("`c0`, `v0`, `a;b`: three lines, one column", "c0\nv0\na;b\n"),
    _late("integers, then `x` at row 1,000,000", "17", "x"),
    _late("integers, then `1.75` at row 1,000,000", "17", "1.75"),
    _late("integers, then `007` at row 1,000,000", "17", "007"),
    _late("dates, then a moment at row 1,000,000", "2024-01-05", "2024-01-05 10:11:12"),
    _late("nothing, then text at row 1,000,000", "", "text"),
    _csv("leading zeros", "id,zip\n1,00501\n2,94110\n3,00544\n"),
    _csv("integers beyond 64 bits", "id,n\n1,18446744073709551617\n2,-5\n3,9223372036854775808\n"),
    _csv("2^53 + 1 beside a null", "k,id\nx,9007199254740993\ny,\nz,7\n"),
    _csv("decimals of 19 digits", "k,d\nx,0.1234567890123456789\ny,12345678901234567.25\n"),
    _csv("`01/02/2024`", "k,day\nx,01/02/2024\ny,03/04/2024\n"),
    _told('`""` beside nothing', 'a,b\n"",x\n,y\n"z",w\n', [["", "x"], [None, "y"], ["z", "w"]]),
    _told(
        "NA, null and None as texts",
        "k,v\na,NA\nb,null\nc,None\nd,x\n",
        [["a", "NA"], ["b", "null"], ["c", "None"], ["d", "x"]],
    ),
    _told(
        "a quote that never closes",
        'a,b\n1,2\n3,"oops\n5,6\n7,8\n',
        [["1", "2"], ["3", '"oops'], ["5", "6"], ["7", "8"]],
    ),
    _csv("lines that end with CR", _PLAIN.replace("\n", "\r")),
    _told("no header", "1,2.5\n2,3.5\n3,4.5\n", [["1", "2.5"], ["2", "3.5"], ["3", "4.5"]]),
    Trap(
        "gzip without .gz",
        "trap.csv",
        lambda: gzip.compress(_PLAIN.encode(), mtime=0),
        lambda data: _csv_rows(gzip.decompress(data)),
    ),
    _told("an empty file", "", None),
    _json(
        "JSON: a new key at row 300,000",
        ("id", "v", "late"),
        lambda: _late_json("1", '{"id": 300000, "v": 1, "late": "key"}'),
    ),
    _json(
        "JSON: 1, then 1.75 at row 300,000",
        ("id", "v"),
        lambda: _late_json("1", '{"id": 300000, "v": 1.75}'),
    ),
    _json(
        "JSON: texts of digits", ("zip",), lambda: ['{"zip": "00501"}', '{"zip": "94110"}']
    ),
    _json(
        "JSON: integers beyond 2^53 and 2^64",
        ("n",),
        lambda: ['{"n": 9007199254740993}', '{"n": 18446744073709551617}', '{"n": 5}'],
    ),
    _json(
        "JSON: number, object and list in one key",
        ("k", "v"),
        lambda: ['{"k": 1, "v": 1}', '{"k": 2, "v": {"a": 1}}', '{"k": 3, "v": [1, 2]}'],
    ),
    _json("JSON: a key twice", ("a",), lambda: ['{"a": 1, "a": 2}', '{"a": 3}']),
    Trap("xlsx: text at row 3,001 of numbers", "trap.xlsx", _late_sheet, _sheet_rows),
    Trap("xlsx: the integer 2^53 + 1", "trap.xlsx", _long_integer_sheet, _sheet_rows),
]  # fmt: skip
