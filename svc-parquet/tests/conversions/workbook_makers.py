"""Makes workbooks of the formats that the tests' libraries cannot write, byte by byte."""

import io
import struct
import zipfile
from collections.abc import Sequence
from typing import Any

_ODF = "urn:oasis:names:tc:opendocument:xmlns:"
_SPACES = (
    f'xmlns:office="{_ODF}office:1.0" xmlns:text="{_ODF}text:1.0" '
    f'xmlns:table="{_ODF}table:1.0" xmlns:style="{_ODF}style:1.0" '
    'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
)


def ods(sheets: dict[str, str], *, styles: str = "", manifest: str = "<manifest/>") -> bytes:
    """An .ods of these sheets, each given as the XML of its rows."""
    tables = "".join(
        f'<table:table table:name="{name}" table:style-name="{name}">{rows}</table:table>'
        for name, rows in sheets.items()
    )
    content = (
        f'<office:document-content {_SPACES} office:version="1.3"><office:automatic-styles>'
        f"{styles}</office:automatic-styles><office:body><office:spreadsheet>{tables}"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", content)
    return sink.getvalue()


def ods_row(*cells: str, times: int = 1) -> str:
    """A row of cells."""
    return (
        f'<table:table-row table:number-rows-repeated="{times}">{"".join(cells)}</table:table-row>'
    )


def ods_cell(kind: str = "", value: str = "", *, text: str | None = None, more: str = "") -> str:
    """A cell: its kind, its value, the XML of its paragraphs and further attributes."""
    place = {"date": "date-value", "time": "time-value", "boolean": "boolean-value"}
    named = f'office:value-type="{kind}" ' if kind else ""
    if value:
        named += f'office:{place.get(kind, "value")}="{value}" '
    inside = "" if text is None else f"<text:p>{text}</text:p>"
    return f"<table:table-cell {named}{more}>{inside}</table:table-cell>"


def ods_text(text: str) -> str:
    """A cell of text."""
    return ods_cell("string", text=text)


Cell12 = float | str | bool | tuple[str, Any] | None
"""A double or text; ("rk", 32 bits), ("error", code) or ("formula error", code)."""


def xlsb(rows: Sequence[Sequence[Cell12]]) -> bytes:
    """An .xlsb of one sheet, by the records of MS-XLSB."""
    width = max(map(len, rows))
    size = struct.pack("<4I", 0, len(rows) - 1, 0, width - 1)
    sheet = _record(129, b"") + _record(148, size) + _record(145, b"")
    for number, row in enumerate(rows):
        sheet += _record(0, struct.pack("<I", number) + bytes(21))
        for column, cell in enumerate(row):
            sheet += _cell12(column, cell)
    sheet += _record(146, b"") + _record(130, b"")
    bundle = struct.pack("<2I", 0, 1) + _wide("rId1") + _wide("S")
    book = _record(131, b"") + _record(143, b"") + _record(156, bundle)
    book += _record(144, b"") + _record(132, b"")
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/worksheet" Target="worksheets/sheet1.bin"/></Relationships>'
    )
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/_rels/workbook.bin.rels", relations)
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
    return sink.getvalue()


def _cell12(column: int, cell: Cell12) -> bytes:
    place = struct.pack("<2I", column, 0)
    if isinstance(cell, tuple):
        return _special12(place, *cell)
    if isinstance(cell, bool):
        return _record(4, place + bytes([cell]))
    if isinstance(cell, str):
        return _record(6, place + _wide(cell))
    return _record(1, place) if cell is None else _record(5, place + struct.pack("<d", cell))


def _special12(place: bytes, kind: str, value: Any) -> bytes:
    formula = bytes(2) + struct.pack("<I", 0)
    if kind == "rk":
        return _record(2, place + struct.pack("<I", value))
    if kind == "formula text":
        return _record(8, place + _wide(value) + formula)
    code = bytes([value])
    return _record(3, place + code) if kind == "error" else _record(11, place + code + formula)


def _record(kind: int, content: bytes) -> bytes:
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size = len(content)
    while True:
        head += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
        size >>= 7
        if not size:
            return head + content


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")
