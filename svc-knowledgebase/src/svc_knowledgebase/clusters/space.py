"""Vectors made small, and the parts that are looked at when there are many."""

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

DIMENSIONS = 32
BLOCK = 4096
"""Rows compared with all others at once."""


def sample_of(count: int, *, most: int, seed: int) -> Ints:
    """Numbers from 0 to `count`, in order: all, or `most` of them drawn evenly."""
    if count <= most:
        return np.arange(count)
    drawn = np.random.default_rng(seed).choice(count, size=most, replace=False)
    return np.sort(drawn).astype(np.int64)


def unit(rows: Floats) -> Floats:
    """The rows with length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Floats = (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return scaled


def reduce(vectors: Floats, *, seed: int, fit_on: int = 10_000) -> Floats:
    """Unit rows [n, at most 32] by PCA, so that distances still follow the cosine.

    Args:
        vectors: [n, d].
        seed: of the sample that the axes are found on.
        fit_on: rows of that sample.
    """
    rows = vectors[sample_of(len(vectors), most=fit_on, seed=seed)]
    dimensions = min(DIMENSIONS, *rows.shape)
    if dimensions < 2 or not np.any(rows != rows[0]):
        return unit(vectors[:, :DIMENSIONS])
    found = PCA(n_components=dimensions, svd_solver="covariance_eigh").fit(rows)
    return unit(found.transform(vectors))


def nearest(points: Floats, to: Floats, *, count: int = 1) -> tuple[Ints, Floats]:
    """Which `count` rows of `to` are most like each point, the best first, and how like.

    Args:
        points: unit rows [n, d].
        to: unit rows [m, d].
        count: at most m.

    Returns:
        Row numbers and cosines, each [n, count].
    """
    numbers = np.empty((len(points), count), dtype=np.int64)
    cosines = np.empty((len(points), count), dtype=np.float32)
    for start in range(0, len(points), BLOCK):
        likeness = points[start : start + BLOCK] @ to.T
        best = _highest(likeness, count)
        numbers[start : start + BLOCK] = best
        cosines[start : start + BLOCK] = np.take_along_axis(likeness, best, axis=1)
    return numbers, cosines


def _highest(rows: Floats, count: int) -> Ints:
    """The columns of the highest values of each row, the highest first."""
    if count == 1:
        best: Ints = rows.argmax(axis=1)[:, None].astype(np.int64)
        return best
    some = np.argpartition(-rows, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(rows, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1).astype(np.int64)
