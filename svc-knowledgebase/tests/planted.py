"""Records about subjects that are known, with vectors that keep to them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svc_knowledgebase.clusters.space import unit

SUBJECTS = {
    "pumps": ["pump", "valve", "pressure", "impeller", "seal", "flow", "bearing"],
    "taxes": ["tax", "invoice", "deduction", "income", "receipt", "audit", "ledger"],
    "birds": ["bird", "feather", "nest", "migration", "wing", "egg", "song"],
    "music": ["violin", "chord", "rhythm", "melody", "orchestra", "tempo", "note"],
    "ships": ["ship", "harbour", "anchor", "cargo", "deck", "captain", "sail"],
}


@dataclass(frozen=True)
class Planted:
    """Records, their unit vectors [n, d], and the subject of each by number; -1 has none."""

    ids: list[str]
    texts: list[str]
    vectors: NDArray[np.float32]
    subjects: NDArray[np.int64]


def planted(
    sizes: dict[str, int],
    *,
    noise: float = 0.5,
    strays: int = 0,
    seed: int = 0,
    dimensions: int = 64,
    start: int = 0,
) -> Planted:
    """So many records of each subject; `noise` is how long what is their own is, beside 1."""
    random = np.random.default_rng(seed)
    of_subject = np.linalg.qr(
        np.random.default_rng(7).normal(size=(dimensions, len(SUBJECTS)))
    )[0].T  # fmt: skip
    names = list(SUBJECTS)
    ids, texts, rows, subjects = list[str](), list[str](), [], list[int]()
    for subject, size in [*sizes.items(), ("", strays)]:
        for number in range(size):
            words = SUBJECTS.get(subject, ["unlike", "others"])
            drawn = random.normal(size=dimensions)
            own = drawn / np.linalg.norm(drawn)
            rows.append(own if not subject else of_subject[names.index(subject)] + noise * own)
            ids.append(f"kr_{subject or 'stray'}{start + number}")
            texts.append(" ".join(random.choice(words, size=12)) + " and the other matters of it")
            subjects.append(names.index(subject) if subject else -1)
    vectors = np.array(rows).reshape(-1, dimensions)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Planted(ids, texts, vectors.astype(np.float32), np.array(subjects, dtype=np.int64))


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """The subject whose words or name a text has, or nothing."""
    whole = planted(dict.fromkeys(SUBJECTS, 1), noise=0.0)
    rows = []
    for text in texts:
        words = set(text.lower().replace(",", " ").replace(".", " ").split())
        counts = [len(words & {name, *SUBJECTS[name]}) for name in list(SUBJECTS)]
        rows.append(sum(n * row for n, row in zip(counts, whole.vectors, strict=True)))
    return unit(np.array(rows, dtype=np.float32))
