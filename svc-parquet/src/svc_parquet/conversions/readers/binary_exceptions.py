"""What calamine cannot tell of .xls and .xlsb sheets: errors, and formulas without a result.

Their numbers are doubles in the file itself. The records that matter are looked for as bytes, which
is cheap and may find too many; the sheet's records are gone through only if some were found.
"""

import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from svc_parquet.conversions.readers.ole_streams import NoOleError, read_stream
from svc_parquet.conversions.readers.xlsx_exceptions import Exceptions

ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?",
    0x24: "#NUM!", 0x2A: "#N/A", 0x2B: "#GETTING_DATA",
}  # fmt: skip
"""Errors of cells by their code (MS-XLS 2.5.10)."""
_CODES = b"[\\x00\\x07\\x0f\\x17\\x1d\\x24\\x2a\\x2b]"

Record = tuple[int, int, int]
"""Its kind, and where its content begins and ends."""


def xls_exceptions(path: Path, *, place: int) -> Exceptions:
    """The exceptions of the sheet at a place, from 0, among those of an .xls.

    Raises:
        NoOleError: the file is none.
    """
    data = read_stream(path, names=("Workbook", "Book"))
    found = Exceptions()
    if not _XLS_CANDIDATE.search(data):
        return found
    starts = [
        struct.unpack_from("<I", data, begin)[0]
        for kind, begin, _ in _xls_records(data, 0)
        if kind == _BOUNDSHEET
    ]
    if place >= len(starts):
        raise NoOleError("it does not have as many sheets as its reader says")
    for kind, begin, _ in _xls_records(data, starts[place]):
        if kind == _BOOLERR:
            row, column, _, code, is_error = struct.unpack_from("<3H2B", data, begin)
            if is_error:
                found.cells[row, column] = ERRORS.get(code, f"#ERROR{code}")
        elif kind == _FORMULA and data[begin + 12 : begin + 14] == b"\xff\xff":
            row, column = struct.unpack_from("<2H", data, begin)
            if data[begin + 6] == _RESULT_ERROR:
                code = data[begin + 8]
                found.cells[row, column] = ERRORS.get(code, f"#ERROR{code}")
            found.uncached += data[begin + 6] == _RESULT_EMPTY
    return found


_BOUNDSHEET, _BOOLERR, _FORMULA, _BOF, _EOF = 0x85, 0x205, 0x06, 0x809, 0x0A
_RESULT_ERROR, _RESULT_EMPTY = 2, 3
_XLS_CANDIDATE = re.compile(
    rb"\x05\x02\x08\x00.{6}" + _CODES + rb"\x01|\x06\x00..{7}[\x02\x03].{5}\xff\xff", re.DOTALL
)


def _xls_records(data: bytes, start: int) -> Iterator[Record]:
    """The records of a substream, without those of substreams in it."""
    depth = 0
    while start + 4 <= len(data):
        kind, size = struct.unpack_from("<2H", data, start)
        depth += kind == _BOF
        if depth == 1:
            yield kind, start + 4, start + 4 + size
        depth -= kind == _EOF
        if depth <= 0:
            return
        start += 4 + size


def xlsb_exceptions(archive: zipfile.ZipFile, *, part: str) -> Exceptions:
    """The exceptions of a sheet's part of an .xlsb."""
    data = archive.read(part)
    found = Exceptions()
    if not _XLSB_CANDIDATE.search(data):
        return found
    row = 0
    for kind, begin, _ in _xlsb_records(data):
        if kind == _ROW:
            row = struct.unpack_from("<I", data, begin)[0]
        elif kind in {_CELL_ERROR, _FORMULA_ERROR}:
            code = data[begin + 8]
            column = struct.unpack_from("<I", data, begin)[0]
            found.cells[row, column] = ERRORS.get(code, f"#ERROR{code}")
        elif kind == _FORMULA_TEXT:
            found.uncached += data[begin + 8 : begin + 12] == b"\0\0\0\0"
    return found


_ROW, _CELL_ERROR, _FORMULA_TEXT, _FORMULA_ERROR = 0, 3, 8, 11
_XLSB_CANDIDATE = re.compile(
    rb"\x03\x09..\x00\x00.{4}" + _CODES
    + rb"|\x0b(?:[\x00-\x7f]|[\x80-\xff][\x00-\x7f])..\x00\x00.{4}" + _CODES
    + rb"|\x08(?:[\x00-\x7f]|[\x80-\xff][\x00-\x7f])..\x00\x00.{4}\x00{4}",
    re.DOTALL,
)  # fmt: skip


def _xlsb_records(data: bytes) -> Iterator[Record]:
    """The records of a part; kind and size are numbers of up to 2 and 4 times 7 bits."""
    at, end = 0, len(data)
    while at < end:
        kind = data[at]
        at += 1
        if kind & 0x80:
            kind = (kind & 0x7F) | (data[at] & 0x7F) << 7
            at += 1
        size = shift = 0
        while True:
            byte = data[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 or shift == 28:
                break
        yield kind, at, at + size
        at += size


def xlsb_parts(archive: zipfile.ZipFile, *, targets: dict[str, str]) -> dict[str, str]:
    """The parts of the sheets of an .xlsb by their names, given the targets of relations."""
    parts: dict[str, str] = {}
    data = archive.read("xl/workbook.bin")
    for kind, begin, _ in _xlsb_records(data):
        if kind == _BUNDLE_SHEET:
            relation, at = _wide_text(data, begin + 8)
            name, _ = _wide_text(data, at)
            parts[name] = targets.get(relation, "")
    return parts


_BUNDLE_SHEET = 156


def _wide_text(data: bytes, at: int) -> tuple[str, int]:
    length = struct.unpack_from("<I", data, at)[0]
    if length == 0xFFFFFFFF:
        length = 0
    end = at + 4 + 2 * length
    return data[at + 4 : end].decode("utf-16-le", "replace"), end
