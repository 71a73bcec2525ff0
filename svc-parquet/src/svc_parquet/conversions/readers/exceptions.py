"""Finds what calamine cannot tell of a sheet, whatever the format of its workbook."""

import zipfile
from pathlib import Path

from svc_parquet.conversions.readers.binary_exceptions import (
    xls_exceptions,
    xlsb_exceptions,
    xlsb_parts,
)
from svc_parquet.conversions.readers.xlsx_exceptions import (
    Exceptions,
    relation_targets,
    xlsx_exceptions,
    xlsx_part,
)

__all__ = ["Exceptions", "exceptions_of"]


def exceptions_of(path: Path, sheet: str, *, place: int) -> Exceptions:
    """The exceptions of a sheet, given its name and its place from 0 among the sheets.

    Raises:
        NoOleError, BadZipFile, ExpatError: the file is damaged where they are looked for.
    """
    if not zipfile.is_zipfile(path):
        return xls_exceptions(path, place=place)
    with zipfile.ZipFile(path) as archive:
        if "xl/workbook.bin" in archive.namelist():
            targets = relation_targets(archive, "xl/_rels/workbook.bin.rels")
            part = xlsb_parts(archive, targets=targets).get(sheet)
            return xlsb_exceptions(archive, part=part) if part else Exceptions()
        part = xlsx_part(archive, sheet)
        return xlsx_exceptions(archive, part=part) if part else Exceptions()
