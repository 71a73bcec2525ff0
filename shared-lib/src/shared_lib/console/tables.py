"""Tables for people. Importing this module loads rich."""

from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared_lib.console.output import Column, RowT


def print_table(rows: Iterable[RowT], *, columns: Sequence[Column[RowT]], color: bool) -> int:
    """A table on the terminal, its cells wrapped to its width; how many rows it has."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            overflow="fold",
            no_wrap=column.whole,
        )
    for row in rows:
        table.add_row(*(_cell(row, column=column) for column in columns))
    if table.row_count:
        Console(no_color=not color, highlight=False).print(table)
    return table.row_count


def _cell(row: RowT, *, column: Column[RowT]) -> Text:
    # `Text` keeps brackets in a cell from being read as markup.
    style = column.style(row) if column.style is not None else None
    return Text(column.human(row), style=style or "")
