"""What a build's records are labelled with: an SQLite file beside its search index.

Written once, then only read, also together with the index. It knows nothing of how labels are made.
"""

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

LABELS = "labels.sqlite"

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE cluster (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, shown TEXT NOT NULL);
CREATE TABLE category (
    place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, shown TEXT NOT NULL, direction BLOB NOT NULL
);
CREATE TABLE label (
    number INTEGER PRIMARY KEY, cluster TEXT, category TEXT, score REAL, x REAL, y REAL
);
"""
_INDEXES = """
CREATE INDEX label_cluster ON label (cluster);
CREATE INDEX label_category ON label (category);
"""


@dataclass(frozen=True)
class LabelledCategory:
    """A category as it is shown, and its direction, a unit vector."""

    shown: dict[str, Any]
    direction: Sequence[float]


@dataclass(frozen=True)
class RecordLabel:
    """What one record is labelled with; its place on the map is from 0 to 1."""

    cluster: str | None
    category: str | None
    score: float | None
    x: float
    y: float


def write_labels(
    path: Path,
    labels: Iterable[RecordLabel],
    *,
    clusters: Sequence[dict[str, Any]],
    categories: Sequence[LabelledCategory],
    facts: dict[str, Any],
) -> None:
    """Write the file.

    Args:
        path: where; not there yet.
        labels: of the records in order, the first has number 1.
        clusters, categories: as they are shown, each with its `id`.
        facts: what else is to be known, by name.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.executescript(_SCHEMA)
        connection.execute("BEGIN")
        rows: dict[str, Iterable[tuple[object, ...]]] = {
            "fact": ((name, _json(value)) for name, value in facts.items()),
            "cluster": ((place, each["id"], _json(each)) for place, each in enumerate(clusters)),
            "category": (
                (place, each.shown["id"], _json(each.shown), array("f", each.direction).tobytes())
                for place, each in enumerate(categories)
            ),
            "label": (
                (number, each.cluster, each.category, each.score, each.x, each.y)
                for number, each in enumerate(labels, start=1)
            ),
        }
        for table, width in (("fact", 2), ("cluster", 3), ("category", 4), ("label", 6)):
            marks = ", ".join("?" * width)
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows[table])  # noqa: S608 - our own words
        connection.execute("COMMIT")
        connection.executescript(_INDEXES)
    finally:
        connection.close()


@contextmanager
def open_labels(path: Path) -> Iterator["LabelsReader"]:
    """Labels that nobody writes any more."""
    address = f"file:{quote(str(path))}?mode=ro&immutable=1"
    connection = sqlite3.connect(address, uri=True)
    try:
        yield LabelsReader(connection)
    finally:
        connection.close()


class LabelsReader:
    """Reads labels."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def fact(self, name: str) -> Any:
        """What else is known; None when it is not."""
        row = self._connection.execute(
            "SELECT value FROM fact WHERE name = ?", (name,)
        ).fetchone()  # fmt: skip
        return orjson.loads(row[0]) if row else None

    def clusters(self) -> list[dict[str, Any]]:
        """The biggest first."""
        rows = self._connection.execute("SELECT shown FROM cluster ORDER BY place")
        return [orjson.loads(row[0]) for row in rows]

    def categories(self) -> list[LabelledCategory]:
        """In the order of the taxonomy."""
        rows = self._connection.execute("SELECT shown, direction FROM category ORDER BY place")
        return [LabelledCategory(orjson.loads(row[0]), array("f", row[1])) for row in rows]

    def names(self) -> dict[str, dict[str, str]]:
        """The labels of clusters and of categories by id."""
        found = {}
        for table in ("cluster", "category"):
            rows = self._connection.execute(
                f"SELECT id, json_extract(shown, '$.label') FROM {table}"  # noqa: S608 - our own words
            )
            found[table] = dict(rows.fetchall())
        return found

    def members(
        self, *, cluster: str | None, category: str | None, after: int, limit: int
    ) -> list[int]:
        """Numbers of the records with these labels, behind `after`, in order.

        None: whatever label; an empty one: without.
        """
        parts, values = ["number > ?"], list[object]([after])
        for name, value in (("cluster", cluster), ("category", category)):
            if value is not None:
                parts.append(f"{name} IS ?")
                values.append(value or None)
        rows = self._connection.execute(
            f"SELECT number FROM label WHERE {' AND '.join(parts)} ORDER BY number LIMIT ?",  # noqa: S608 - our own words
            (*values, limit),
        )
        return [row[0] for row in rows]

    def of(self, number: int) -> RecordLabel | None:
        """The label of a record; None when there is no such record."""
        row = self._connection.execute(
            "SELECT cluster, category, score, x, y FROM label WHERE number = ?", (number,)
        ).fetchone()
        return RecordLabel(*row) if row else None

    def places(self, *, most: int) -> tuple[int, list[tuple[str | None, float, float]]]:
        """How many records there are, and cluster and place of `most` of them, drawn evenly."""
        total = int(self._connection.execute("SELECT count(*) FROM label").fetchone()[0])
        # By a multiplicative hash of the number (Knuth 6.4): the same each time, and even.
        rows = self._connection.execute(
            "SELECT cluster, x, y FROM label WHERE (number * 2654435761) % 4294967296 < ? "
            "ORDER BY number",
            (4294967296 if total <= most else 4294967296 * most // total,),
        )
        return total, [(row[0], row[1], row[2]) for row in rows][:most]


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
