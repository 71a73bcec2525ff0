"""The index of the build before, changed where documents changed."""

from collections.abc import Sequence
from pathlib import Path

from shared_lib.contracts.knowledge import FileFate
from svc_knowledgebase.building.assembly import PlacedRecord
from svc_knowledgebase.searching.index import IndexWriter


class IndexPatcher(IndexWriter):
    """Changes a copy of the index before: what stays is not written again."""

    def _begin(self) -> None:
        self._connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        (self._place,) = self._connection.execute(
            "SELECT coalesce(max(place), 0) FROM record"
        ).fetchone()
        rows = self._connection.execute("SELECT id, first, last FROM document")
        self._old: dict[str, tuple[int | None, int]] = {row[0]: (row[1], row[2]) for row in rows}
        self._added: list[tuple[int, str, FileFate, Sequence[PlacedRecord]]] = []
        self._moves: list[tuple[int, int, int, int]] = []

    def add(self, document_id: str, fate: FileFate, placed: Sequence[PlacedRecord]) -> None:
        """A document that is new or was written anew."""
        self._added.append((self._number, document_id, fate, placed))
        self._number += len(placed)

    def keep(self, document_id: str, *, moved: int) -> None:
        """A document that is as it was; its lines begin `moved` bytes later."""
        first, last = self._old.pop(document_id)
        if first is None:
            return
        by = self._number + 1 - first
        self._number += last - first + 1
        before = self._moves[-1] if self._moves else None
        if before and before[1:] == (first - 1, by, moved):
            self._moves[-1] = (before[0], last, by, moved)
        else:
            self._moves.append((first, last, by, moved))

    def _end(self) -> None:
        for name, (first, last) in self._old.items():
            self._connection.execute("DELETE FROM document WHERE id = ?", (name,))
            if first is not None:
                self._connection.execute(
                    "DELETE FROM passage WHERE rowid IN "
                    "(SELECT place FROM record WHERE number BETWEEN ? AND ?)",
                    (first, last),
                )
                self._connection.execute(
                    "DELETE FROM record WHERE number BETWEEN ? AND ?", (first, last)
                )
        self._move()
        for number, document_id, fate, placed in self._added:
            self._number = number
            super().add(document_id, fate, placed)

    def _move(self) -> None:
        """Lines below others that came or went; they pass by negative numbers, to meet nobody."""
        lines = [(moved, moved, first, last) for first, last, _, moved in self._moves if moved]
        self._connection.executemany(
            "UPDATE record SET start = start + ?, end = end + ? WHERE number BETWEEN ? AND ?", lines
        )
        moves = [(by, first, last) for first, last, by, _ in self._moves if by]
        self._connection.executemany(
            "UPDATE record SET number = -(number + ?) WHERE number BETWEEN ? AND ?", moves
        )
        self._connection.execute("UPDATE record SET number = -number WHERE number < 0")
        self._connection.executemany(
            "UPDATE document SET first = -(first + ?), last = last + ? WHERE first BETWEEN ? AND ?",
            [(by, by, first, last) for by, first, last in moves],
        )
        self._connection.execute("UPDATE document SET first = -first WHERE first < 0")
