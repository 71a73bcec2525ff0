"""Small mergeable summaries of a column that is seen block by block and never held whole."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]
Weights = npt.NDArray[np.int64]

SKETCH_HASHES = 2048
_FINE_BINS = 1024
SHOWN_BINS = 20


class DistinctSketch:
    """Counts distinct values from the smallest hashes seen (K minimum values).

    Exact below 2,048 distinct values; above, the relative standard error is 1/sqrt(2046), 2.2 %
    (Bar-Yossef et al., RANDOM 2002; estimator of Beyer et al., SIGMOD 2007).
    """

    def __init__(self) -> None:
        self._smallest: Hashes = np.empty(0, dtype=np.uint64)

    @property
    def exact(self) -> bool:
        """Whether every hash is held."""
        return len(self._smallest) < SKETCH_HASHES

    def add(self, hashes: Hashes) -> None:
        """Take in the 64-bit hashes of some values."""
        if not self.exact:
            hashes = hashes[hashes < self._smallest[-1]]
        if len(hashes):
            merged = np.concatenate([self._smallest, hashes])
            self._smallest = np.unique(merged)[:SKETCH_HASHES]

    def count(self) -> int:
        """The number of distinct values."""
        if self.exact:
            return len(self._smallest)
        share = (float(self._smallest[-1]) + 1.0) / 2.0**64
        return round((SKETCH_HASHES - 1) / share)


class Moments:
    """Count, mean and variance, merged pairwise (Chan, Golub, LeVeque 1979)."""

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self._squares = 0.0

    def add(self, values: Floats, *, weights: Weights | None = None) -> None:
        """Take in some values, each `weights` times."""
        count = len(values) if weights is None else int(weights.sum())
        if not count:
            return
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(np.average(values, weights=weights))
            squares = (values - mean) ** 2
            spread = float(squares.sum() if weights is None else (squares * weights).sum())
            total = self.count + count
            delta = mean - self.mean
            self._squares += spread + delta * delta * self.count * count / total
            self.mean += delta * count / total
        self.count = total

    @property
    def deviation(self) -> float | None:
        """Sample standard deviation, or None below two values or beyond the range of a double."""
        if self.count < 2 or not math.isfinite(self._squares):
            return None
        return math.sqrt(self._squares / (self.count - 1))


@dataclass(frozen=True)
class Bin:
    """Values in [low, high)."""

    low: float
    high: float
    count: int


class Histogram:
    """An exact histogram whose range need not be known beforehand.

    Bins are multiples of a power of two, so that two neighbours always merge into one wider bin
    and no value has to be seen again.
    """

    def __init__(self) -> None:
        self._exponent = 0
        self._first = 0
        self._counts: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._low = math.inf
        self._high = -math.inf

    def add(self, values: Floats, *, weights: Weights | None = None) -> None:
        """Take in some finite values, each `weights` times."""
        if not len(values):
            return
        self._low = min(self._low, float(values.min()))
        self._high = max(self._high, float(values.max()))
        finest = self._finest()
        if not len(self._counts):
            self._exponent = finest
        elif finest > self._exponent:
            self._coarsen(finest)
        scaled = np.ldexp(values, -self._exponent)
        places = np.floor(scaled).astype(np.int64)
        places[(values < 0) & (scaled == 0)] = -1  # too small to scale, yet below zero
        self._insert(places, weights)

    def _finest(self) -> int:
        """The smallest exponent with at most 1,024 bins that doubles can still tell apart."""
        largest = max(abs(self._low), abs(self._high), 2.0**-1000)
        span = self._high / 2 - self._low / 2
        by_span = math.frexp(span)[1] + 1 - int(math.log2(_FINE_BINS)) if span > 0 else -1000
        return max(by_span, math.frexp(largest)[1] - 52)

    def _insert(
        self, places: npt.NDArray[np.int64], weights: Weights | npt.NDArray[np.int64] | None
    ) -> None:
        first = int(places.min())
        last = int(places.max())
        if len(self._counts):
            first = min(first, self._first)
            last = max(last, self._first + len(self._counts) - 1)
        counts = np.bincount(places - first, weights=weights, minlength=last - first + 1)
        merged = counts.astype(np.int64)
        if len(self._counts):
            start = self._first - first
            merged[start : start + len(self._counts)] += self._counts
        self._first, self._counts = first, merged

    def _coarsen(self, exponent: int) -> None:
        places = np.arange(self._first, self._first + len(self._counts)) >> min(
            exponent - self._exponent, 63
        )
        counts, self._counts = self._counts, np.empty(0, dtype=np.int64)
        self._exponent = exponent
        self._insert(places, counts)

    def bins(self) -> list[Bin]:
        """At most 20 bins from the least to the greatest value."""
        if not len(self._counts):
            return []
        if self._low == self._high:
            return [Bin(self._low, self._high, int(self._counts.sum()))]
        while len(self._counts) > SHOWN_BINS:
            self._coarsen(self._exponent + 1)
        edges = [
            _edge(place, self._exponent)
            for place in range(self._first, self._first + len(self._counts) + 1)
        ]
        return [
            Bin(low, high, int(count))
            for low, high, count in zip(edges, edges[1:], self._counts, strict=False)
        ]


def _edge(place: int, exponent: int) -> float:
    try:
        return math.ldexp(float(place), exponent)
    except OverflowError:
        return math.copysign(1.7976931348623157e308, place)
