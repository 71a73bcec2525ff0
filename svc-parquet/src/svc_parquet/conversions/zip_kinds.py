"""What a zip container is: told by the names of its entries, not by its own."""

import zipfile
from pathlib import Path

from svc_parquet.conversions.errors import DamagedFileError

_SPREADSHEET = b"application/vnd.oasis.opendocument.spreadsheet"
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
