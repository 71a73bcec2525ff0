"""Where the table of a sheet begins and what its columns are called."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared_lib.contracts.conversions import ConversionOptions
from svc_parquet.conversions.headers import Header, tell_header_of_texts

_LEVELS = 3
"""Rows that a header may take: names over names."""
_JOINT = " / "

Texts = list[str | None]
Range = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Layout:
    """The rows before the header, how many rows the header takes, and the names in it."""

    before: int
    header_rows: int
    header: Header

    @property
    def skip(self) -> int:
        """Rows before the first row of data."""
        return self.before + self.header_rows


def lay_out(
    rows: list[Texts],
    *,
    merged: Sequence[Range],
    origin: tuple[int, int],
    options: ConversionOptions,
    told_rows: int | None = None,
) -> Layout:
    """Find the header among the first rows of a sheet.

    Rows that fill less than half of the columns (titles, remarks, blank rows) come before it. A
    cell that is merged over several columns of the header names all of them, and the row below
    then belongs to the header too.

    Args:
        rows: the first rows of the part of the sheet that has cells.
        merged: ranges as ((first row, first column), (last row, last column)) in the sheet.
        origin: row and column of the sheet at which `rows` begins.
        told_rows: how many of the first rows the file itself marks as header.
    """
    if told_rows is not None and options.header is None:
        names = _joined(rows[:told_rows])
        return Layout(0, told_rows, Header(True, "the file marks it", names))  # noqa: FBT003 - as its field
    filled = [_fill(row, number, merged, origin) for number, row in enumerate(rows)]
    width = max((_distinct_cells(row) for row in filled), default=0)
    if options.header is False:
        return Layout(0, 0, Header(present=False, reason="given", names=[None] * len(rows[0])))
    before = next((n for n, row in enumerate(filled) if _may_be_header(row, width)), 0)
    levels = 1
    while levels < _LEVELS and before + levels < len(rows) - 1:
        if not _spans(merged, row=origin[0] + before + levels - 1, origin=origin):
            break
        levels += 1
    names = _joined(filled[before : before + levels])
    body = [row for row in rows[before + levels :] if any(cell is not None for cell in row)]
    header = tell_header_of_texts([names, *body], options=options)
    if not header.present:
        return Layout(before, 0, Header(False, header.reason, [None] * len(names)))  # noqa: FBT003 - as its field
    return Layout(before, levels, header)


def _may_be_header(row: Texts, width: int) -> bool:
    """Whether a row fills half of the columns, and not by one cell merged over them."""
    cells = _distinct_cells(row)
    return 2 * cells >= width and (cells > 1 or width == 1)


def _distinct_cells(row: Texts) -> int:
    """Filled cells of a row, where a merged range counts once."""
    return sum(
        cell is not None and (place == 0 or cell is not row[place - 1])
        for place, cell in enumerate(row)
    )


def _fill(row: Texts, number: int, merged: Sequence[Range], origin: tuple[int, int]) -> Texts:
    """The row with the text of each merged range in all of its columns."""
    filled = list(row)
    for (top, left), (bottom, right) in merged:
        first = left - origin[1]
        if top <= origin[0] + number <= bottom and right > left and 0 <= first < len(row):
            for place in range(first, min(right - origin[1] + 1, len(row))):
                filled[place] = row[first]
    return filled


def _spans(merged: Sequence[Range], *, row: int, origin: tuple[int, int]) -> bool:
    """Whether a cell of this row is merged over several columns."""
    return any(
        top <= row <= bottom and right > left >= origin[1]
        for (top, left), (bottom, right) in merged
    )


def _joined(levels: list[Texts]) -> list[str | None]:
    """One name a column from the levels of the header; what is repeated is said once."""
    names: list[str | None] = []
    for column in zip(*levels, strict=True):
        parts: list[str] = []
        for text in column:
            if text is not None and text not in parts:
                parts.append(text)
        names.append(_JOINT.join(parts) or None)
    return names
