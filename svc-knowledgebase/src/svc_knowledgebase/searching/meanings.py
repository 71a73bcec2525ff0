"""What the index says of records that were found by meaning, beside those found by words."""

import sqlite3
from collections import Counter
from collections.abc import Sequence

from svc_knowledgebase.searching.index import (
    FACETS,
    Filters,
    Found,
    Hit,
    Span,
    phrases_of,
)

CANDIDATES = 100
"""Records of each ranking that are fused; what is further down in both is found by neither."""

RANK_CONSTANT = 60
"""The k of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009)."""

EXCERPT = 280


class MeaningReader:
    """Reads an index beside vectors."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def allowed(self, query: str, filters: Filters) -> list[int] | None:
        """Numbers of the records that may be found; None: all.

        A phrase in quotation marks must be there, whatever else is near.
        """
        where, values = filters.where()
        phrases = phrases_of(query)
        if not values and not phrases:
            return None
        source = "record"
        if phrases:
            source = "passage JOIN record ON record.place = passage.rowid"
            where, values = f"passage MATCH ? AND {where}", [" AND ".join(phrases), *values]
        rows = self._connection.execute(
            f"SELECT record.number FROM {source} WHERE {where} ORDER BY 1",  # noqa: S608 - our own words
            values,
        )
        return [row[0] for row in rows]

    def unmatched(self, match: str, numbers: Sequence[int]) -> set[int]:
        """Which of these records a match of FTS5 does not find."""
        if not match:
            return set(numbers)
        found = self._connection.execute(
            "SELECT record.number FROM passage JOIN record ON record.place = passage.rowid "  # noqa: S608
            f"WHERE passage MATCH ? AND record.number IN ({_marks(numbers)})",
            (match, *numbers),
        )
        return set(numbers) - {row[0] for row in found}

    def hits(self, numbers: Sequence[int]) -> dict[int, Hit]:
        """Records with the beginning of their text, by number."""
        rows = self._connection.execute(
            "SELECT record.number, record.start, record.end, passage.text FROM record "  # noqa: S608
            f"JOIN passage ON passage.rowid = record.place WHERE number IN ({_marks(numbers)})",
            tuple(numbers),
        )
        return {row[0]: Hit(row[0], Span(row[1], row[2]), 0.0, excerpt(row[3])) for row in rows}

    def with_others(self, found: Found, numbers: Sequence[int]) -> Found:
        """What words found, with these records counted too."""
        if not numbers:
            return found
        columns = ", ".join(FACETS)
        rows = self._connection.execute(
            f"SELECT {columns} FROM record WHERE number IN ({_marks(numbers)})",  # noqa: S608
            tuple(numbers),
        ).fetchall()
        facets = {}
        for place, name in enumerate(FACETS):
            counts = Counter(dict(found.facets.get(name, [])))
            counts.update(str(row[place]) for row in rows if row[place] is not None)
            facets[name] = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:20]
        return Found(total=found.total + len(numbers), hits=found.hits, facets=facets)


def fuse(rankings: Sequence[Sequence[int]]) -> list[tuple[int, float]]:
    """Numbers and scores by reciprocal rank fusion, the best first.

    Source: Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and
    individual Rank Learning Methods", SIGIR 2009.
    """
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, number in enumerate(ranking, start=1):
            scores[number] = scores.get(number, 0.0) + 1 / (RANK_CONSTANT + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def excerpt(text: str) -> str:
    """The beginning of a text, up to a word's end."""
    if len(text) <= EXCERPT:
        return text
    return f"{text[:EXCERPT].rsplit(' ', 1)[0]} \u2026"


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
