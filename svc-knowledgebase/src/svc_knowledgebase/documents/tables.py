"""Rows of a table as text that can be found: each cell with the name of its column."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from itertools import chain, islice

from svc_knowledgebase.documents.blocks import Block, TableOptions
from svc_knowledgebase.documents.texts import tidy

SAMPLE = 20


def row_blocks(
    rows: Iterable[Sequence[object]], options: TableOptions, *, section: tuple[str, ...] = ()
) -> Iterator[Block]:
    """A block a row, or a block a cell of the wanted columns.

    The first row has the names when all its cells are different texts that are no numbers.
    """
    texts = ([show_cell(cell) for cell in row] for row in rows)
    head = list(islice(texts, SAMPLE))
    names = _names(head)
    body = chain(head[1:] if names else head, texts)
    if names and len(head) == 1 and not options.columns:
        yield Block(text=" | ".join(names), kind="row", section=section)
    for row in body:
        yield from _row(row, names, options, section=section)


def _row(
    row: list[str], names: list[str], options: TableOptions, *, section: tuple[str, ...]
) -> Iterator[Block]:
    named = [
        (names[place] if place < len(names) else f"column {place + 1}", cell)
        for place, cell in enumerate(row)
        if cell
    ]
    if options.columns:
        for name, cell in named:
            if name in options.columns:
                yield Block(text=cell, kind="cell", section=(*section, name), alone=True)
        return
    text = (
        "; ".join(f"{name}: {cell}" for name, cell in named)
        if names
        else " | ".join(cell for _, cell in named)
    )
    if text:
        yield Block(text=text, kind="row", section=section, alone=options.rows == "each")


def _names(head: list[list[str]]) -> list[str]:
    if not head:
        return []
    first = head[0]
    while first and not first[-1]:
        first = first[:-1]
    good = bool(first) and all(first) and len(set(first)) == len(first)
    return first if good and not any(_is_number(cell) for cell in first) else []


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def show_cell(cell: object) -> str:
    """A cell as people read it: whole numbers without a fraction, times in ISO 8601."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return " ".join(tidy(str(cell)).split())
