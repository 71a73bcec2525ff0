"""Is a column distributed as before? A test for whether, an effect for how much."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2_contingency, kstwo

from shared_lib.contracts.quality import ComparedBin, DriftMeasure

Numbers = NDArray[np.float64]

BINS = 20
SHOWN_CATEGORIES = 12
OTHER = "all others"
_EXPECTED_AT_LEAST = 5
_QUANTILES = np.linspace(0.0005, 0.9995, 1000)


def compare_numbers(reference: Numbers, current: Numbers) -> DriftMeasure:
    """Kolmogorov-Smirnov, and the Wasserstein distance in the reference's standard deviations.

    The p-value is the two-sided one of Hodges, "The significance probability of the Smirnov
    two-sample test" (1958), in the limit; the distance is the mean distance of 1,000 quantiles.

    Args:
        reference: finite values, at least one.
        current: the same.
    """
    first, second = np.sort(reference), np.sort(current)
    both = np.concatenate([first, second])
    below = np.searchsorted(first, both, side="right") / len(first)
    gap = np.abs(below - np.searchsorted(second, both, side="right") / len(second))
    statistic = float(gap.max())
    effective = len(first) * len(second) / (len(first) + len(second))
    return DriftMeasure(
        test="kolmogorov_smirnov",
        statistic=statistic,
        p_value=float(kstwo.sf(statistic, max(round(effective), 1))),
        p_adjusted=1.0,
        effect=_distance(first, second),
        effect_name="standard deviations",
        rows=(len(first), len(second)),
        bins=_histograms(first, second),
    )


def compare_categories(reference: Mapping[str, int], current: Mapping[str, int]) -> DriftMeasure:
    """Chi-square of independence, and Cramér's V as it would be for samples of one size.

    Categories too rare for the test (an expected count below 5; Cochran 1954) are taken together.

    Args:
        reference: how often each category occurs; at least one does.
        current: the same.
    """
    names = _by_share(reference, current)
    counts = np.array([[side.get(name, 0) for name in names] for side in (reference, current)])
    table = _without_rare(counts)
    statistic, p_value = 0.0, 1.0
    if table.shape[1] > 1:
        found = chi2_contingency(table, correction=False)
        statistic, p_value = float(found.statistic), float(found.pvalue)
    return DriftMeasure(
        test="chi_square",
        statistic=statistic,
        p_value=p_value,
        p_adjusted=1.0,
        effect=_cramers_v(table),
        effect_name="Cramér's V",
        rows=(int(counts[0].sum()), int(counts[1].sum())),
        bins=_shown(names, counts),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for their number (Holm, "A simple sequentially rejective test", 1979)."""
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    ordered = sorted(range(len(p_values)), key=lambda index: p_values[index])
    for position, index in enumerate(ordered):
        highest = max(highest, min(p_values[index] * (len(p_values) - position), 1.0))
        adjusted[index] = highest
    return adjusted


def _distance(first: Numbers, second: Numbers) -> float:
    distance = float(np.mean(np.abs(_quantiles(first) - _quantiles(second))))
    deviation = float(first.std()) or float(second.std())
    if deviation == 0.0:
        # Two constants: as far apart as can be, or the same.
        return float(distance > 0)
    return distance / deviation


def _quantiles(ordered: Numbers) -> Numbers:
    """Quantiles of sorted values without sorting them again."""
    return np.interp(_QUANTILES * (len(ordered) - 1), np.arange(len(ordered)), ordered)


def _histograms(first: Numbers, second: Numbers) -> list[ComparedBin]:
    """Both in the same bins; the last ones on both sides hold everything beyond them."""
    ends = [part[int(q * (len(part) - 1))] for part in (first, second) for q in (0.005, 0.995)]
    edges = np.linspace(min(ends), max(ends), BINS + 1)
    if edges[0] == edges[-1]:
        return [ComparedBin(label=_number(edges[0]), reference=len(first), current=len(second))]
    inner = edges[1:-1]
    counted = [
        np.diff(np.concatenate([[0], np.searchsorted(part, inner), [len(part)]]))
        for part in (first, second)
    ]
    return [
        ComparedBin(
            label=f"{_number(edges[i])} to {_number(edges[i + 1])}",
            reference=int(counted[0][i]),
            current=int(counted[1][i]),
        )
        for i in range(BINS)
    ]


def _number(value: float) -> str:
    return f"{value:.4g}"


def _by_share(reference: Mapping[str, int], current: Mapping[str, int]) -> list[str]:
    """The most frequent first, in whichever of the two, so that what is new is seen as well."""
    sides = [(side, max(sum(side.values()), 1)) for side in (reference, current)]

    def share(name: str) -> float:
        return max(side.get(name, 0) / total for side, total in sides)

    return sorted({*reference, *current}, key=lambda name: (-share(name), name))


def _without_rare(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    totals = counts.sum(axis=1, keepdims=True)
    expected = counts.sum(axis=0) * totals / totals.sum()
    rare = expected.min(axis=0) < _EXPECTED_AT_LEAST
    if not rare.any():
        return counts
    pooled = counts[:, rare].sum(axis=1, keepdims=True)
    return np.hstack([counts[:, ~rare], pooled])


def _cramers_v(table: NDArray[np.int64]) -> float:
    shares = table / table.sum(axis=1, keepdims=True)
    mean = shares.mean(axis=0)
    seen = mean > 0
    squares = (shares[0, seen] - shares[1, seen]) ** 2 / mean[seen]
    return float(0.5 * np.sqrt(squares.sum()))


def _shown(names: Sequence[str], counts: NDArray[np.int64]) -> list[ComparedBin]:
    bins = [
        ComparedBin(label=name, reference=int(counts[0, i]), current=int(counts[1, i]))
        for i, name in enumerate(names[:SHOWN_CATEGORIES])
    ]
    rest = counts[:, SHOWN_CATEGORIES:].sum(axis=1)
    if rest.sum():
        bins.append(ComparedBin(label=OTHER, reference=int(rest[0]), current=int(rest[1])))
    return bins
