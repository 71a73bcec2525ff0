"""What a zip container is: told by the names of its entries, not by its own."""

import struct
import zipfile
from pathlib import Path

from svc_parquet.conversions.errors import DamagedFileError, TooManyEntriesError

_SPREADSHEET = b"application/vnd.oasis.opendocument.spreadsheet"
_MOST_DIRECTORY_BYTES = 32 * 1024 * 1024
"""Room for some 300,000 entries: a longer directory is not even read."""
_ALL_ONES = 0xFFFFFFFF
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_OTHERS = {
    "word/document.xml": "a Word document",
    "ppt/presentation.xml": "a PowerPoint presentation",
    "META-INF/MANIFEST.MF": "a Java archive",
    "META-INF/container.xml": "an EPUB book",
}


def zip_kind(path: Path) -> str:
    """`xlsx`, `xlsm`, `xlsb`, `ods`, `zip`, or words for a document of another kind.

    Raises:
        DamagedFileError: the archive has no readable directory.
    """
    _refuse_endless(path)
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if "mimetype" in names:
                kind = archive.open("mimetype").read(200)
                if kind.startswith(_SPREADSHEET):
                    return "ods"
                if kind.startswith(b"application/vnd.oasis"):
                    return "an OpenDocument file that is no spreadsheet"
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise DamagedFileError(
            f"{path.name} is no readable zip container ({error}). Send it again, or test it with "
            "`unzip -t` at the source."
        ) from error
    if "xl/workbook.bin" in names:
        return "xlsb"
    if "xl/workbook.xml" in names:
        return "xlsm" if "xl/vbaProject.bin" in names else "xlsx"
    return next((told for entry, told in _OTHERS.items() if entry in names), "zip")


def _refuse_endless(path: Path) -> None:
    """Look at the length of the directory before a library reads all of it into memory."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - 65_557, 0))
        tail = file.read()
        place = tail.rfind(b"PK\x05\x06")
        if place < 0 or len(tail) - place < _END.size:
            return
        length = _END.unpack_from(tail, place)[5]
        wide = tail.rfind(b"PK\x06\x06", 0, place)
        if length == _ALL_ONES and wide >= 0 and len(tail) - wide >= _END_64.size:
            length = _END_64.unpack_from(tail, wide)[8]
    if length > _MOST_DIRECTORY_BYTES:
        raise TooManyEntriesError(
            f"{path.name} is an archive with a directory of {length:,} bytes, which is more "
            "entries than one may have. Split it."
        )
