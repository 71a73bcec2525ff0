"""Which records are nearest in meaning: exactly up to 50,000 of them, then by a graph.

The graph is HNSW (Malkov and Yashunin, 2016, arXiv 1603.09320), as usearch builds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared_lib.embeddings.contract import Vector, Vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VECTORS, DIGESTS = "vectors.npy", "digests.npy"
"""[records, dimensions] float32, and [records, 16] bytes; a row a line of `records.jsonl`."""

GRAPH = "vectors.usearch"
EXACT_UP_TO = 50_000
"""Records that are all compared; more take longer than a person notices."""

EXPANSION = 64
"""Candidates that the graph keeps while it searches: recall for time."""

WIDENED = 8
"""So many times more are taken from the graph when only some records may be found."""


@dataclass(frozen=True)
class Near:
    """A record's number, from 1 as in the index, and the cosine of the angle to it."""

    number: int
    similarity: float


@dataclass(frozen=True)
class VectorFiles:
    """A build's vectors on this machine; there is a graph where there are many."""

    vectors: Path
    graph: Path | None = None

    def vector(self, number: int) -> Vector:
        """The vector of a record."""
        found: Vector = _mapped(self.vectors)[number - 1]
        return found

    def nearest(
        self, question: Vector, *, limit: int, among: Sequence[int] | None = None
    ) -> list[Near]:
        """The records nearest to a vector, the nearest first.

        Args:
            question: [dimensions], of length 1.
            limit: so many at most.
            among: numbers of the records that may be found; None: all.
        """
        import numpy as np  # noqa: PLC0415 - with the first question

        if self.graph is not None and (among is None or len(among) > EXACT_UP_TO):
            return self._by_graph(question, limit=limit, among=among)
        if among is None:
            return _best(_mapped(self.vectors) @ question, limit=limit, numbers=None)
        numbers = np.asarray(among, dtype=np.int64)
        return _best(_mapped(self.vectors)[numbers - 1] @ question, limit=limit, numbers=numbers)

    def _by_graph(self, question: Vector, *, limit: int, among: Sequence[int] | None) -> list[Near]:
        asked = limit if among is None else limit * WIDENED
        found = _opened_graph(str(self.graph)).search(question, asked, threads=1)
        near = [
            Near(int(key), 1.0 - float(distance))
            for key, distance in zip(found.keys, found.distances, strict=True)
        ]
        if among is not None:
            allowed = set(among)
            near = [each for each in near if each.number in allowed]
        return near[:limit]


@lru_cache(maxsize=8)
def _opened_graph(path: str) -> Any:
    """The graph of a file that never changes, mapped into memory; threads may share it."""
    from usearch.index import Index  # noqa: PLC0415 - only bases of many records need it

    return Index.restore(path, view=True, enable_key_lookups=False, expansion_search=EXPANSION)


def write_graph(folder: Path, *, records: int, exact_up_to: int = EXACT_UP_TO) -> None:
    """Write the graph of a folder's vectors, where there are too many to compare all."""
    if records <= exact_up_to:
        return
    import numpy as np  # noqa: PLC0415 - as in all of this module
    from usearch.index import Index  # noqa: PLC0415 - only bases of many records need it

    vectors = _mapped(folder / VECTORS)
    index = Index(ndim=vectors.shape[1], metric="cos", dtype="f16", connectivity=16,
                  expansion_add=128, expansion_search=EXPANSION)  # fmt: skip
    index.add(np.arange(1, records + 1, dtype=np.uint64), vectors)
    index.save(str(folder / GRAPH))


def _mapped(path: Path) -> Any:
    import numpy as np  # noqa: PLC0415 - with the first question

    return np.load(path, mmap_mode="r")


def _best(scores: Vectors, *, limit: int, numbers: NDArray[np.int64] | None) -> list[Near]:
    import numpy as np  # noqa: PLC0415 - with the first question

    count = min(limit, len(scores))
    if count == 0:
        return []
    # Equal scores in the order of the records, so that an answer is always the same.
    least = np.partition(scores, -count)[-count]
    places = np.flatnonzero(scores >= least)
    places = places[np.lexsort((places, -scores[places]))][:count]
    of = places + 1 if numbers is None else numbers[places]
    return [
        Near(int(number), float(score)) for number, score in zip(of, scores[places], strict=True)
    ]
