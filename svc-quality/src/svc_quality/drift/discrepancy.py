"""Are two sets of vectors drawn alike? A kernel two-sample test, and how far they are apart.

Source: Gretton, Borgwardt, Rasch, Schölkopf and Smola, "A Kernel Two-Sample Test", JMLR 13 (2012).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

PERMUTATIONS = 500
_AT_A_TIME = 500
_SEED = 20_260_103
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Discrepancy:
    """What was measured.

    `statistic` is the unbiased estimate of the squared maximum mean discrepancy, which may be a
    little below 0; `effect` the same as a distance, in standard deviations of the reference in the
    kernel's space: 0 is no difference, 1 a mean as far away as a text of the reference usually is.
    """

    statistic: float
    p_value: float
    effect: float


def compare_vectors(
    reference: Matrix, current: Matrix, *, permutations: int = PERMUTATIONS
) -> Discrepancy:
    """The test with a Gaussian kernel as wide as the median distance; the same at every call.

    Args:
        reference: [n, d], n at least 2.
        current: [m, d], m at least 2.
        permutations: of which the p-value is made; it is at least 1 / (permutations + 1).
    """
    kernel, first = _kernel(np.concatenate([reference, current])), len(reference)
    second = len(current)
    labels = np.zeros((len(kernel), 1))
    labels[:first] = 1
    found = _discrepancies(kernel, labels, first=first)[0]
    as_large = sum(
        int(np.sum(_discrepancies(kernel, drawn, first=first) >= found - _ROUNDING))
        for drawn in _drawn(len(kernel), first=first, permutations=permutations)
    )
    spread = _spread(kernel[:first, :first]) or _spread(kernel[-second:, -second:])
    distance = float(np.sqrt(max(found, 0.0)))
    return Discrepancy(
        statistic=float(found),
        p_value=(1 + as_large) / (1 + permutations),
        # Two constants: as far apart as can be, or the same.
        effect=distance / spread if spread else float(distance > 0),
    )


def _kernel(vectors: Matrix) -> Matrix:
    """[n, n]: 1 for what is the same, less the further two vectors are apart."""
    squares = np.einsum("ij,ij->i", vectors, vectors)
    distances = squares[:, None] + squares[None, :] - 2 * vectors @ vectors.T
    np.maximum(distances, 0, out=distances)
    distances[distances < _ROUNDING] = 0
    np.fill_diagonal(distances, 0)
    apart = distances[np.triu_indices(len(vectors), 1)]
    width = float(np.median(apart))
    if not width:  # most are equal: the median of those that are not
        width = float(np.median(apart[apart > 0])) if apart.any() else 1.0
    kernel: Matrix = np.exp(distances / (-2 * width))
    return kernel


def _drawn(rows: int, *, first: int, permutations: int) -> Iterator[Matrix]:
    """Columns of 0 and 1 that say which rows are taken for the reference's."""
    generator = np.random.default_rng(_SEED)
    for start in range(0, permutations, _AT_A_TIME):
        columns = min(_AT_A_TIME, permutations - start)
        order = generator.random((columns, rows)).argsort(axis=1)[:, :first]
        labels = np.zeros((rows, columns))
        labels[order.T, np.arange(columns)] = 1
        yield labels


def _discrepancies(kernel: Matrix, labels: Matrix, *, first: int) -> Matrix:
    """The unbiased estimate for each column of labels (Gretton et al., lemma 6)."""
    second = len(kernel) - first
    sums = kernel.sum(axis=1)
    within = np.einsum("ij,ij->j", labels, kernel @ labels)
    touching = sums @ labels
    across = touching - within
    others = sums.sum() - touching - across
    estimates: Matrix = (
        (within - first) / (first * (first - 1))
        + (others - second) / (second * (second - 1))
        - 2 * across / (first * second)
    )
    return estimates


def _spread(kernel: Matrix) -> float:
    """The standard deviation of vectors in the kernel's space."""
    rows = len(kernel)
    alike = (kernel.sum() - rows) / (rows * (rows - 1))
    return float(np.sqrt(max(1 - alike, 0.0)))
