"""Vectors of all records of a build: those that are known, and the others made now. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from shared_lib.embeddings.contract import Embedder, Vectors
from svc_knowledgebase.embedding.nearest import DIGESTS, VECTORS
from svc_knowledgebase.embedding.texts import DIGEST_BYTES, digest_of, text_of

BATCH = 256
COMMITTED = 2048
"""Texts whose vectors are kept together: what a stop at any moment costs at most."""

Digests = NDArray[np.uint8]
Commit = Callable[[Digests, Vectors], None]
Progress = Callable[[int, int], None]


@dataclass
class KnownVectors:
    """Vectors by the digest of their text, all of one model."""

    _rows: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    _parts: list[Vectors] = field(default_factory=list)

    def add(self, digests: Digests, vectors: Vectors) -> None:
        """Know these too."""
        part = len(self._parts)
        self._parts.append(vectors)
        for row, digest in enumerate(digests):
            self._rows.setdefault(digest.tobytes(), (part, row))

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._rows

    def __getitem__(self, digest: bytes) -> Vectors:
        part, row = self._rows[digest]
        vector: Vectors = self._parts[part][row]
        return vector

    @property
    def dimensions(self) -> int:
        """0 when none is known."""
        return int(self._parts[0].shape[1]) if self._parts else 0


@dataclass(frozen=True)
class EmbeddedRecords:
    """What became of the records' texts; `embedded` and `reused` count different texts."""

    records: int
    embedded: int
    reused: int
    dimensions: int


def embed_records(
    records: Path,
    *,
    target: Path,
    known: KnownVectors,
    embedder: Callable[[], Embedder],
    commit: Commit,
    progress: Progress,
) -> EmbeddedRecords:
    """Write the vectors of all records of a file of JSON lines.

    Args:
        records: `records.jsonl`.
        target: the folder in which `vectors.npy` and `digests.npy` are written.
        known: what need not be made; what is made is added.
        embedder: opened only when a text is new.
        commit: keeps vectors as they are made.
        progress: told how many of the new texts are done.

    Raises:
        EmbeddingError: the embedder failed.
    """
    digests, new = _digests(records, known)
    if new:
        _embed(records, new, known=known, embedder=embedder(), commit=commit, progress=progress)
    vectors = np.lib.format.open_memmap(
        target / VECTORS, mode="w+", dtype=np.float32, shape=(len(digests), known.dimensions)
    )
    for row, digest in enumerate(digests):
        vectors[row] = known[digest]
    vectors.flush()
    np.save(target / DIGESTS, _as_array(digests))
    return EmbeddedRecords(
        records=len(digests),
        embedded=len(new),
        reused=len(set(digests)) - len(new),
        dimensions=known.dimensions,
    )


def _digests(records: Path, known: KnownVectors) -> tuple[list[bytes], dict[bytes, int]]:
    """The digest of each record, and where in the file the unknown texts stand."""
    digests, new, position = list[bytes](), dict[bytes, int](), 0
    with records.open("rb") as lines:
        for line in lines:
            digest = digest_of(text_of(orjson.loads(line)))
            digests.append(digest)
            if digest not in known:
                new.setdefault(digest, position)
            position += len(line)
    return digests, new


def _embed(
    records: Path,
    new: dict[bytes, int],
    *,
    known: KnownVectors,
    embedder: Embedder,
    commit: Commit,
    progress: Progress,
) -> None:
    wanted, done = list(new.items()), 0
    progress(0, len(wanted))
    with records.open("rb") as lines:
        for start in range(0, len(wanted), COMMITTED):
            some, parts = wanted[start : start + COMMITTED], list[Vectors]()
            for first in range(0, len(some), BATCH):
                texts = []
                for _, position in some[first : first + BATCH]:
                    lines.seek(position)
                    texts.append(text_of(orjson.loads(lines.readline())))
                parts.append(embedder.embed(texts))
                done += len(texts)
                progress(done, len(wanted))
            digests, vectors = _as_array([digest for digest, _ in some]), np.concatenate(parts)
            commit(digests, vectors)
            known.add(digests, vectors)


def _as_array(digests: Sequence[bytes]) -> Digests:
    return np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, DIGEST_BYTES)
