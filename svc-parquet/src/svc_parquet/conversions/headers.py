"""Tells whether the first row names the columns, and makes the names usable."""

import re
from dataclasses import dataclass
from itertools import pairwise

from shared_lib.contracts.conversions import ConversionOptions
from svc_parquet.conversions.delimiters import Fields

_VALUE = re.compile(r"[-+ $\u20ac\u00a3]*[0-9][-+0-9.,:/ TZeE%]*")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_SAMPLE = 200


@dataclass(frozen=True)
class Header:
    """Whether there is a header, why, and the columns' names in the file (None: no name)."""

    present: bool
    reason: str
    names: list[str | None]


def tell_header(records: list[Fields], *, encoding: str, options: ConversionOptions) -> Header:
    """Decide about the first of some records of equal width.

    A row is taken for data when one of its fields is a number, date or boolean and its column
    holds such values below. It is taken for a header when a field is none above a column of only
    such values, and for data when text in it occurs again below in the same column. Everything
    else is taken for a header. Nothing is lost either way, and `header` settles it.
    """
    if not records:
        return Header(present=False, reason="no row can be read", names=[None])
    rows = [[_text(cell, encoding) for cell in record] for record in records[: _SAMPLE + 1]]
    return tell_header_of_texts(rows, options=options)


def tell_header_of_texts(rows: list[list[str | None]], *, options: ConversionOptions) -> Header:
    """Decide about the first of some rows of equal width, as `tell_header`; there is one."""
    rows = rows[: _SAMPLE + 1]
    present, reason = _decide(rows, options=options)
    return Header(present, reason, rows[0] if present else [None] * len(rows[0]))


def _decide(rows: list[list[str | None]], *, options: ConversionOptions) -> tuple[bool, str]:
    if options.header is not None:
        return options.header, "given"
    first = rows[0]
    unlike = [row for row in rows[1:] if row != first]
    below = [[value for value in column if value is not None] for column in zip(*unlike)]  # noqa: B905 - may be empty
    columns = list(zip(first, below or [[] for _ in first], strict=True))
    typed = [cell for cell in first if _is_value(cell)]
    if len(typed) == len(first) and not below:
        return False, "every field of the first row is a value"
    if len(typed) < len(first) and _are_years(typed):
        return True, "years beside other names in the first row"
    return _compare(columns)


def _compare(columns: list[tuple[str | None, list[str]]]) -> tuple[bool, str]:
    """Weigh each field of the first row against the values below it."""
    for place, (cell, values) in enumerate(columns, 1):
        if _is_value(cell) and (not values or any(map(_is_value, values))):
            return False, f"field {place} of the first row is a value: {cell!r}"
    for place, (cell, values) in enumerate(columns, 1):
        if cell and values and not _is_value(cell) and all(map(_is_value, values)):
            return True, f"field {place} of the first row is no value, those below are"
    for place, (cell, values) in enumerate(columns, 1):
        if cell and cell in values:
            return False, f"field {place} of the first row occurs again below: {cell!r}"
    return True, "nothing in the first row looks like the rows below"


def _text(cell: bytes | None, encoding: str) -> str | None:
    return None if cell is None else cell.decode(encoding, errors="replace")


def _is_value(cell: str | None) -> bool:
    """Whether a field can hardly be a name: a number, a date, a time, a boolean."""
    if not cell:
        return False
    return _VALUE.fullmatch(cell) is not None or cell.lower() in {"true", "false"}


def _are_years(cells: list[str | None]) -> bool:
    """Whether the cells are consecutive years, as in the header of a time table."""
    if len(cells) < 2 or not all(cell and _YEAR.fullmatch(cell) for cell in cells):
        return False
    years = [int(cell) for cell in cells if cell]
    return all(later - earlier == 1 for earlier, later in pairwise(years))


def usable_names(names: list[str | None]) -> list[str]:
    """Distinct, non-empty names: an empty one becomes its place, a repeated one gets a number."""
    taken: set[str] = {name for name in names if name}
    seen: set[str] = set()
    usable: list[str] = []
    for place, name in enumerate(names, 1):
        wanted = name or _free(f"column_{place}", taken)
        if wanted in seen:
            wanted = _free(wanted, taken)
        seen.add(wanted)
        taken.add(wanted)
        usable.append(wanted)
    return usable


def _free(wanted: str, taken: set[str]) -> str:
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted}_{number}" in taken:
        number += 1
    return f"{wanted}_{number}"
