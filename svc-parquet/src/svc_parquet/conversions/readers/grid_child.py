"""Tables of text that a reader holds whole: what HTML and PDF files give, as sheets are given."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from svc_parquet.conversions.readers.refusing import Handler, identity_of

_HEAD_ROWS = 200
_BLOCK_ROWS = 20_000

Texts = list[str | None]


@dataclass
class Grid:
    """A table of a document. `header_rows` is how many rows the document marks as header."""

    name: str
    rows: list[Texts]
    header_rows: int | None = None
    notes: list[str] = field(default_factory=list)


Load = Callable[[str, str | None], list[Grid]]
"""The grids of a file, given its path and perhaps its encoding."""


class Grids:
    """The handlers of a kind of file."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._identity: tuple[object, ...] | None = None
        self._grids: dict[str, Grid] = {}

    def handlers(self) -> dict[str, Handler]:
        """What may be asked."""
        return {"sheets": self.sheets, "head": self.head, "rows": self.rows}

    def sheets(self, *, path: str, encoding: str | None) -> list[dict[str, Any]]:
        """The grids' names, made distinct."""
        identity = identity_of(path)
        if self._identity != identity:
            self._grids = {}
            for number, grid in enumerate(self._load(path, encoding), 1):
                name = grid.name or f"table {number}"
                if name in self._grids:
                    name = f"{name} ({number})"
                self._grids[name] = grid
            self._identity = identity
        return [{"name": name, "hidden": False, "kind": "WorkSheet"} for name in self._grids]

    def head(self, *, path: str, encoding: str | None, sheet: str) -> dict[str, Any]:
        """The first rows of a grid."""
        self.sheets(path=path, encoding=encoding)
        grid = self._grids[sheet]
        return {
            "rows": grid.rows[:_HEAD_ROWS],
            "merged": [],
            "row": 0,
            "column": 0,
            "header_rows": grid.header_rows,
            "notes": grid.notes,
        }

    def rows(
        self,
        *,
        path: str,
        encoding: str | None,
        sheet: str,
        skip: int,
        nulls: list[str],
        folder: str,
    ) -> dict[str, Any]:
        """Write the rows after the first `skip`, as the sheets of workbooks are written."""
        self.sheets(path=path, encoding=encoding)
        words, blank = frozenset(nulls), 0
        blocks: list[dict[str, Any]] = []
        rows = iter(self._grids[sheet].rows[skip:])
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        while block := list(islice(rows, _BLOCK_ROWS)):
            kept = [[None if cell in words else cell for cell in row] for row in block]
            kept = [row for row in kept if any(cell is not None for cell in row)]
            blank += len(block) - len(kept)
            if not kept:
                continue
            columns = [pa.array(column, pa.string()) for column in zip(*kept, strict=True)]
            table = pa.Table.from_arrays(columns, [f"c{place}" for place in range(len(columns))])
            file = target / f"{len(blocks):06d}.arrow"
            with pa.OSFile(str(file), "wb") as out, pa.ipc.new_file(out, table.schema) as writer:
                writer.write_table(table)
            forms = ["none" if c.null_count == len(c) else "text" for c in columns]
            blocks.append({"forms": forms, "rows": len(kept)})
        return {"blocks": blocks, "blank": blank, "uncached": 0}


def squared(rows: list[Texts]) -> list[Texts]:
    """Rows of equal length, filled with nothing."""
    width = max(map(len, rows), default=0)
    return [row + [None] * (width - len(row)) for row in rows]
