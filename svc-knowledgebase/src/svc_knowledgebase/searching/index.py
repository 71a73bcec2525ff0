"""The search index of one build: an SQLite file, written once, then only read.

BM25 is SQLite's FTS5 (docs/decisions/0012); beside the words lie the columns that facets and
filters need, and where in `records.jsonl` each record stands.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import log
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import orjson

from shared_lib.contracts.knowledge import FileFate
from svc_knowledgebase.building.assembly import PlacedRecord

INDEX = "search.sqlite"
FACETS = ("folder", "mime", "language", "element_type", "cluster", "category")
TERMS_OF_SIMILAR = 25
WORDS_OF_SIMILAR = 300
"""Different words of a record that are looked up; more tell no more."""

STANDS_EVERYWHERE, FEW_RECORDS = 0.3, 20
"""A word that more than this share of the records have, and more than so many, tells nothing."""

MARKS = ("\u2039", "\u203a")
_WORD = re.compile(r"\w+")
_QUOTED = re.compile(r'"([^"]*)"')

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE document (
    id TEXT PRIMARY KEY, path TEXT NOT NULL UNIQUE, folder TEXT NOT NULL, fate TEXT NOT NULL,
    first INTEGER, last INTEGER, shown TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE record (
    place INTEGER PRIMARY KEY, number INTEGER NOT NULL, id TEXT NOT NULL, folder TEXT NOT NULL,
    mime TEXT NOT NULL, language TEXT, element_type TEXT NOT NULL, start INTEGER NOT NULL,
    end INTEGER NOT NULL
);
CREATE VIRTUAL TABLE passage USING fts5(
    title, section, text, tokenize = 'porter unicode61 remove_diacritics 2'
);
"""
_SECOND = """
CREATE INDEX record_id ON record (id);
CREATE INDEX record_number ON record (number);
"""
_WEIGHTS = "2.0, 1.5, 1.0"
"""What a word in the title and in a heading counts beside one in the text."""


class IndexWriter:
    """Writes an index, documents in the order in which their records stand in the file.

    A record's `number` is its line; its `place` is that of its words, and stays when lines move.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._begin()
        self._connection.execute("BEGIN")
        self._number = self._place = 0

    def _begin(self) -> None:
        self._connection.executescript(_SCHEMA)

    def _end(self) -> None:
        for statement in _SECOND.strip().splitlines():
            self._connection.execute(statement)
        self._connection.execute("INSERT INTO passage (passage) VALUES ('optimize')")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._end()
            self._connection.execute("COMMIT")
        self._connection.close()

    def add(self, document_id: str, fate: FileFate, placed: Sequence[PlacedRecord]) -> None:
        """A document and its records."""
        first, records = self._number + 1, [each.record for each in placed]
        for each in placed:
            self._add_record(each)
        shown = {
            **fate.model_dump(mode="json"),
            "mime": records[0]["mime"] if records else None,
            "title": records[0]["title"] if records else None,
        }
        folder = fate.path.rpartition("/")[0]
        span = (first, self._number) if placed else (None, None)
        self._connection.execute(
            "INSERT INTO document VALUES (?, ?, ?, ?, ?, ?, ?)",
            (document_id, fate.path, folder, fate.fate, *span, orjson.dumps(shown).decode()),
        )

    def keep(self, document_id: str, *, moved: int) -> None:
        """Only `IndexPatcher` has an index before."""
        raise LookupError(f"There is no index before that has {document_id} ({moved}).")

    def _add_record(self, placed: PlacedRecord) -> None:
        self._number += 1
        self._place += 1
        record = placed.record
        self._connection.execute(
            "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._place,
                self._number,
                *(record[name] for name in ("id", "folder", "mime", "language", "element_type")),
                placed.start,
                placed.end,
            ),
        )
        self._connection.execute(
            "INSERT INTO passage (rowid, title, section, text) VALUES (?, ?, ?, ?)",
            (self._place, record["title"], " / ".join(record["section_path"]), record["text"]),
        )


@dataclass(frozen=True)
class Filters:
    """What found records must be; a folder counts with all below it."""

    folder: str | None = None
    mime: str | None = None
    language: str | None = None
    element_type: str | None = None
    cluster: str | None = None
    category: str | None = None

    def where(self) -> tuple[str, list[str]]:
        """As SQL on `record`."""
        parts, values = ["1"], list[str]()
        for name in ("mime", "language", "element_type", "cluster", "category"):
            value = getattr(self, name)
            if value is not None:
                parts.append(f"record.{name} = ?")
                values.append(value)
        if self.folder:
            # From `folder/` up to, not including, the next sign after the slash.
            parts.append("(record.folder = ? OR (record.folder >= ? AND record.folder < ?))")
            values += [self.folder, f"{self.folder}/", f"{self.folder}0"]
        return " AND ".join(parts), values


@dataclass(frozen=True)
class Span:
    """Where a record stands in `records.jsonl`, in bytes."""

    start: int
    end: int


@dataclass(frozen=True)
class Hit:
    """A found record; `number` is its place among the records, from 1."""

    number: int
    span: Span
    score: float
    snippet: str


@dataclass(frozen=True)
class Found:
    """What a search gives."""

    total: int = 0
    hits: list[Hit] = field(default_factory=list)
    facets: dict[str, list[tuple[str, int]]] = field(default_factory=dict)


_LABELLED = """
CREATE TEMP VIEW record AS SELECT r.*,
    (SELECT cluster FROM labels.label AS l WHERE l.number = r.number) AS cluster,
    (SELECT category FROM labels.label AS l WHERE l.number = r.number) AS category
FROM main.record AS r
"""
_UNLABELLED = """
CREATE TEMP VIEW record AS SELECT *, NULL AS cluster, NULL AS category FROM main.record
"""


@contextmanager
def open_index(path: Path, *, labels: Path | None = None) -> Iterator["IndexReader"]:
    """An index that nobody writes any more.

    Args:
        path: the index.
        labels: of the same records (grouping/labels.py): a record has its cluster and category as
            two columns more. They are looked up only where a query names them.
    """
    connection = sqlite3.connect(_read_only(path), uri=True)
    try:
        if labels is not None:
            connection.execute("ATTACH ? AS labels", (_read_only(labels),))
        connection.execute(_LABELLED if labels is not None else _UNLABELLED)
        yield IndexReader(connection)
    finally:
        connection.close()


def _read_only(path: Path) -> str:
    return f"file:{quote(str(path))}?mode=ro&immutable=1"


class IndexReader:
    """Reads an index."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def search(self, query: str, filters: Filters, *, limit: int) -> Found:
        """Records that have any of the words, those that BM25 ranks best first.

        A phrase in quotation marks must be there as it stands.
        """
        return self._find(self.match(query), filters, limit=limit)

    def match(self, query: str) -> str:
        """What a query asks of FTS5: without words that stand everywhere, where others are left."""
        words = set(_words_of(query))
        total = (self._row("SELECT count(*) FROM record") or (0,))[0]
        most = max(int(total * STANDS_EVERYWHERE), FEW_RECORDS)
        if len(words) < 2:
            return match_of(query)
        return match_of(query, without={word for word in words if self._more_have(word, most)})

    def _more_have(self, word: str, most: int) -> bool:
        """Whether more records than so many have a word; it is counted no further."""
        statement = "SELECT count(*) FROM (SELECT 1 FROM passage WHERE passage MATCH ? LIMIT ?)"
        row = self._row(statement, f'"{word}"', most + 1)
        return row is not None and int(row[0]) > most

    def similar(self, record_id: str, filters: Filters, *, limit: int) -> Found | None:
        """Records that share the rarest words of this one; None when there is no such record."""
        row = self._row("SELECT place FROM record WHERE id = ?", record_id)
        if row is None:
            return None
        text = self._row("SELECT title, section, text FROM passage WHERE rowid = ?", row[0])
        words = Counter(_WORD.findall(" ".join(text or ()).lower()))
        match = " OR ".join(f'"{word}"' for word in self._rarest(words))
        return self._find(match, filters, limit=limit, without=row[0])

    def number(self, record_id: str) -> int | None:
        """The place of a record among all, from 1."""
        row = self._row("SELECT number FROM record WHERE id = ?", record_id)
        return row[0] if row else None

    def span(self, record_id: str) -> Span | None:
        """Where a record stands."""
        row = self._row("SELECT start, end FROM record WHERE id = ?", record_id)
        return Span(*row) if row else None

    def spans(self, numbers: Sequence[int]) -> list[Span]:
        """Where records stand, in the order of their numbers."""
        rows = self.connection.execute(
            "SELECT start, end FROM main.record "  # noqa: S608 - only marks are written into it
            f"WHERE number IN ({', '.join('?' * len(numbers))}) ORDER BY number",
            tuple(numbers),
        )
        return [Span(*row) for row in rows]

    def document(self, document_id: str) -> tuple[dict[str, Any], list[Span]] | None:
        """A document, and where its records stand."""
        row = self._row("SELECT id, folder, shown, first, last FROM document WHERE id = ?",
                        document_id)  # fmt: skip
        if row is None:
            return None
        spans = self.connection.execute(
            "SELECT start, end FROM record WHERE number BETWEEN ? AND ? ORDER BY number", row[3:]
        )
        return _shown(row), [Span(*each) for each in spans]

    def documents(
        self, *, folder: str | None, fate: str | None, after: str, limit: int
    ) -> list[dict[str, Any]]:
        """Documents by path, behind `after`; a folder counts with all below it."""
        parts, values = ["path > ?"], [after]
        if fate is not None:
            parts.append("fate = ?")
            values.append(fate)
        if folder:
            parts.append("path >= ? AND path < ?")
            values += [f"{folder}/", f"{folder}0"]
        rows = self.connection.execute(
            f"SELECT id, folder, shown FROM document WHERE {' AND '.join(parts)} "  # noqa: S608 - our own words
            "ORDER BY path LIMIT ?",
            (*values, limit),
        )
        return [_shown(row) for row in rows]

    def _find(self, match: str, filters: Filters, *, limit: int, without: int = 0) -> Found:
        if not match:
            return Found()
        where, values = filters.where()
        matched = (
            "FROM passage JOIN record ON record.place = passage.rowid "
            f"WHERE passage MATCH ? AND record.place <> ? AND {where}"
        )
        given = (match, without, *values)
        rows = self.connection.execute(
            f"SELECT record.number, record.start, record.end, -bm25(passage, {_WEIGHTS}) AS score, "
            f"snippet(passage, 2, '{MARKS[0]}', '{MARKS[1]}', '\u2026', 40) {matched} "
            "ORDER BY score DESC, record.number LIMIT ?",
            (*given, limit),
        )
        hits = [Hit(row[0], Span(row[1], row[2]), row[3], row[4]) for row in rows]
        facets = {name: self._facet(name, matched, given) for name in FACETS}
        total = self._row(f"SELECT count(*) {matched}", *given)
        return Found(total=total[0] if total else 0, hits=hits, facets=facets)

    def _facet(self, name: str, matched: str, given: Sequence[object]) -> list[tuple[str, int]]:
        rows = self.connection.execute(
            f"SELECT record.{name}, count(*) AS n {matched} AND record.{name} IS NOT NULL "
            "GROUP BY 1 ORDER BY n DESC, 1 LIMIT 20",
            given,
        )
        return [(str(row[0]), int(row[1])) for row in rows]

    def _rarest(self, words: Counter[str]) -> list[str]:
        """The words that tell a text from others: often in it, seldom elsewhere."""
        total = (self._row("SELECT count(*) FROM record") or (1,))[0]
        scored = []
        for word, count in words.most_common(WORDS_OF_SIMILAR):
            seen = self._row(
                "SELECT count(*) FROM passage WHERE passage MATCH ?", f'"{word}"'
            ) or (0,)  # fmt: skip
            if len(word) > 1 and 0 < seen[0] <= max(total // 4, 2):
                scored.append((count * log((total + 1) / seen[0]), word))
        return [word for _, word in sorted(scored, reverse=True)[:TERMS_OF_SIMILAR]]

    def _row(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self.connection.execute(statement, values).fetchone()
        return row


def match_of(query: str, *, without: Collection[str] = ()) -> str:
    """FTS5's own language for what a person wrote: nothing of it is an operator.

    Phrases in quotation marks are all needed; of other words any, which BM25 then ranks.

    Args:
        query: as it was written.
        without: words that are left out, unless no others are there.
    """
    needed, every = phrases_of(query), _words_of(query)
    words = [f'"{word}"' for word in [w for w in every if w not in without] or every]
    if not needed:
        return " OR ".join(words)
    any_of = f" OR ({' AND '.join(needed)} AND ({' OR '.join(words)}))" if words else ""
    return f"({' AND '.join(needed)}){any_of}"


def _words_of(query: str) -> list[str]:
    """The words outside quotation marks."""
    return _WORD.findall(_QUOTED.sub(" ", query))


def phrases_of(query: str) -> list[str]:
    """The phrases in quotation marks that must be there, in FTS5's own language."""
    phrases = [" ".join(_WORD.findall(phrase)) for phrase in _QUOTED.findall(query)]
    return [f'"{phrase}"' for phrase in phrases if phrase]


def _shown(row: Sequence[Any]) -> dict[str, Any]:
    return {"id": row[0], "folder": row[1], **orjson.loads(row[2])}
