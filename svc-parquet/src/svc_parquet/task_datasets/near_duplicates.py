"""Texts that are nearly the same, in time that grows with their number, not with its square.

Texts are compared by their runs of five letters (Jaccard similarity). Candidates come from minima
of hashes (Broder, "On the resemblance and containment of documents", 1997) cut into bands, so that
texts of the same band meet; what meets is then compared exactly. In a band a text meets the first
and the one before it, not all others: two texts of a crowd may be related only through a third.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

RUN = 5
MINIMA = 96
BAND = 4
"""Minima in a band. In 24 bands of four, 99.9 % of pairs with a similarity of 0.7 meet."""
MARGIN = 0.2
"""How far below the similarity the share of equal minima may be for a pair to be looked at."""
_BLOCK = 1_000_000
_BASE = np.uint64(1_000_003)

Words = npt.NDArray[np.uint64]
Pairs = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Related:
    """Pairs of places of texts, the lower first, each once, and how similar the two are."""

    pairs: Pairs
    similarity: npt.NDArray[np.float64]


def comparable(texts: pl.Series) -> pl.Series:
    """The texts without what does not make them different: case, width, punctuation, spaces."""
    column = pl.col("t")
    plain = column.str.normalize("NFKC").str.to_lowercase()
    words = plain.str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()
    # A text of signs alone has nothing else to be told by.
    kept = pl.when(words == "").then(plain.str.strip_chars()).otherwise(words)
    return texts.alias("t").to_frame().select(kept.alias("t"))["t"]


def find_related(texts: pl.Series, *, similarity: float, seed: int = 0) -> Related:
    """Pairs of texts that are equal or at least so similar.

    Args:
        texts: as `comparable` gives them; no nulls.
        similarity: part of the runs of five letters that two texts share, of all that they have.
        seed: of the hashes.

    Returns:
        Equal texts as pairs of each with the first of them, and the pairs between different ones.
    """
    frame = texts.alias("t").to_frame().with_row_index("place")
    firsts = frame.group_by("t", maintain_order=True).agg(pl.col("place").first().alias("first"))
    first_of = frame.join(firsts, on="t", how="left", maintain_order="left")["first"]
    place = np.arange(len(texts), dtype=np.int64)
    first = first_of.cast(pl.Int64).to_numpy()
    equal = np.column_stack([first, place])[first != place]
    distinct = firsts["t"].to_list()
    pairs, shares = _similar(distinct, similarity=similarity, seed=seed)
    at = firsts["first"].cast(pl.Int64).to_numpy()
    different = np.sort(at[pairs], axis=1)
    return Related(
        pairs=np.concatenate([equal, different]),
        similarity=np.concatenate([np.ones(len(equal)), shares]),
    )


def _similar(
    texts: list[str], *, similarity: float, seed: int
) -> tuple[Pairs, npt.NDArray[np.float64]]:
    """Places of different texts that are similar enough, proved."""
    if len(texts) < 2:
        return np.empty((0, 2), dtype=np.int64), np.empty(0)
    minima = _minima(texts, seed=seed)
    found, shares = [], []
    for left, right in _meeting(minima, similarity=similarity).tolist():
        share = jaccard(texts[left], texts[right])
        if share >= similarity:
            found.append((left, right))
            shares.append(share)
    return np.array(found, dtype=np.int64).reshape(-1, 2), np.array(shares, dtype=np.float64)


def jaccard(left: str, right: str) -> float:
    """The runs of five letters that two texts share, as a part of all that they have; 0 to 1."""
    one, other = _runs(left), _runs(right)
    return len(one & other) / len(one | other)


def _runs(text: str) -> set[str]:
    text = text.ljust(RUN)
    return {text[start : start + RUN] for start in range(len(text) - RUN + 1)}


def _minima(texts: list[str], *, seed: int) -> npt.NDArray[np.uint32]:
    """The least hash of each text's runs by each of 96 hashes, one row a text."""
    generator = np.random.default_rng(seed)
    factors = generator.integers(0, 2**63, size=MINIMA, dtype=np.uint64) * np.uint64(2) + np.uint64(
        1
    )
    offsets = generator.integers(0, 2**63, size=MINIMA, dtype=np.uint64)
    minima = np.empty((len(texts), MINIMA), dtype=np.uint32)
    start = 0
    while start < len(texts):
        end, letters = start, 0
        while end < len(texts) and (end == start or letters < _BLOCK):
            letters += max(len(texts[end]), RUN)
            end += 1
        hashes, begins = _hash_runs(texts[start:end])
        for number in range(MINIMA):
            mixed = hashes * factors[number] + offsets[number]
            least = np.minimum.reduceat(mixed, begins)
            minima[start:end, number] = (least >> np.uint64(32)).astype(np.uint32)
        start = end
    return minima


def _hash_runs(texts: list[str]) -> tuple[Words, npt.NDArray[np.int64]]:
    """Hashes of all runs of all texts one after another, and where each text's begin."""
    padded = [text.ljust(RUN) for text in texts]
    letters = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    codes = letters.astype(np.uint64)
    size = len(codes) - RUN + 1
    hashes = np.zeros(size, dtype=np.uint64)
    for step in range(RUN):
        hashes = hashes * _BASE + codes[step : step + size]
    lengths = np.array([len(text) for text in padded], dtype=np.int64)
    inside = np.ones(len(codes), dtype=bool)
    ends = np.cumsum(lengths)
    for back in range(1, RUN):  # a run that begins here would reach into the next text
        inside[ends - back] = False
    counts = lengths - RUN + 1
    begins = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return _mix(hashes[inside[:size]]), begins


def _mix(words: Words) -> Words:
    """Spread every bit over the whole word (the finaliser of splitmix64)."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _meeting(minima: npt.NDArray[np.uint32], *, similarity: float) -> Pairs:
    """Pairs that share a band and enough minima to be worth an exact look."""
    count = len(minima)
    keys = []
    for start in range(0, MINIMA, BAND):
        band = np.zeros(count, dtype=np.uint64)
        for column in range(start, start + BAND):
            band = _mix(band ^ minima[:, column].astype(np.uint64))
        order = np.argsort(band, kind="stable")
        ranked = band[order]
        fresh = np.concatenate([[True], ranked[1:] != ranked[:-1]])
        first = order[np.maximum.accumulate(np.where(fresh, np.arange(count), 0))]
        met = ~fresh
        before = np.concatenate([[0], order[:-1]])
        for partner in (first[met], before[met]):
            low, high = np.minimum(partner, order[met]), np.maximum(partner, order[met])
            keys.append(low * count + high)
    unique = np.unique(np.concatenate(keys))
    pairs = np.column_stack([unique // count, unique % count]).astype(np.int64)
    enough = np.empty(len(pairs), dtype=bool)
    for begin in range(0, len(pairs), _BLOCK):
        block = pairs[begin : begin + _BLOCK]
        same = minima[block[:, 0]] == minima[block[:, 1]]
        enough[begin : begin + _BLOCK] = same.mean(axis=1) >= similarity - MARGIN
    return pairs[enough]
