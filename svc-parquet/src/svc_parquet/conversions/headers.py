"""Tells whether the first row names the columns, and makes the names usable."""

import re
from dataclasses import dataclass
from itertools import pairwise

import polars as pl
from shared_lib.contracts.conversions import ConversionOptions

from svc_parquet.conversions.column_types import TextType
from svc_parquet.conversions.delimiters import Fields
from svc_parquet.conversions.inference import infer

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

    A row is taken for data when one of its fields has the type that its column has below, such as
    a number above numbers, or when text in it occurs again below in the same column. Everything
    else is taken for a header. Nothing is lost either way, and `header` settles it.
    """
    if not records:
        return Header(present=False, reason="no row can be read", names=[None])
    rows = [[_text(cell, encoding) for cell in record] for record in records[: _SAMPLE + 1]]
    present, reason = _decide(rows, options=options)
    return Header(present, reason, rows[0] if present else [None] * len(rows[0]))


def _decide(rows: list[list[str | None]], *, options: ConversionOptions) -> tuple[bool, str]:
    if options.header is not None:
        return options.header, "given"
    first, below = rows[0], rows[1:]
    typed = [place for place, cell in enumerate(first) if _is_typed(cell)]
    if typed and _are_years([first[place] for place in typed]) and len(typed) < len(first):
        return True, "years beside other names in the first row"
    unlike = [row for row in below if row != first]
    columns = list(zip(*unlike, strict=True)) if unlike else [()] * len(first)
    for place in typed:
        values = [value for value in columns[place] if value is not None]
        if not values or any(map(_is_typed, values)):
            return False, f"field {place + 1} of the first row is a value: {first[place]!r}"
    for place, cell in enumerate(first):
        if cell and cell in columns[place]:
            return False, f"field {place + 1} of the first row occurs again below: {cell!r}"
    if typed and len(typed) == len(first):
        return False, "every field of the first row is a value"
    return True, "the first row holds no value that its column holds"


def _text(cell: bytes | None, encoding: str) -> str | None:
    return None if cell is None else cell.decode(encoding, errors="replace")


def _is_typed(cell: str | None) -> bool:
    return bool(cell) and not isinstance(infer(pl.Series([cell])), TextType)


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
