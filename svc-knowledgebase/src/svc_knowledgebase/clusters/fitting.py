"""Grouping points: k-means with a number that is chosen, or HDBSCAN; and how firm a group is."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

from svc_knowledgebase.clusters.space import Floats, Ints, nearest, sample_of, unit

MOST_CLUSTERS = 60
FIT_ON = 8_000
HDBSCAN_ON = 6_000
"""HDBSCAN takes time with the square of the points."""
JUDGED_ON = 2_000
"""Points of the silhouette, which takes time with their square."""
GAIN = 0.01
"""More clusters must be better by this, or else fewer are easier to read."""
REPEATS = 5
SHARE = 0.8
FENCE = 1.5
"""Tukey's fence, in ranges between the quartiles."""

Grouping = Callable[[Floats, int], Ints]
Doubles = NDArray[np.float64]


def kmeans(points: Floats, *, clusters: int, seed: int, tries: int = 3) -> Ints:
    """The group of each point [n], from 0."""
    fitted = KMeans(n_clusters=clusters, n_init=tries, random_state=seed).fit(points)
    labels: Ints = fitted.labels_.astype(np.int64)
    return labels


def hdbscan(points: Floats, *, min_size: int) -> Ints:
    """The group of each point [n]; -1 is none.

    Campello, Moulavi, Sander 2013; as scikit-learn does it.
    """
    labels: Ints = (
        HDBSCAN(min_cluster_size=min_size, min_samples=max(2, min_size // 2), copy=True)
        .fit_predict(points)
        .astype(np.int64)
    )
    return labels


def choose_clusters(points: Floats, *, min_size: int, seed: int) -> int:
    """The number of clusters whose silhouette (Rousseeuw 1987) is best, within a little.

    Args:
        points: unit rows [n, d].
        min_size: a cluster has as many, on average, at least.
        seed: of k-means and of the sample.
    """
    some = points[sample_of(len(points), most=JUDGED_ON, seed=seed)]
    most = min(MOST_CLUSTERS, len(points) // min_size, len(np.unique(some, axis=0)) - 1)
    scores: dict[int, float] = {}
    for clusters in _candidates(most):
        labels = kmeans(some, clusters=clusters, seed=seed)
        if 1 < len(np.unique(labels)) < len(some):
            scores[clusters] = float(silhouette_score(some, labels))
    if not scores:
        return 1
    best = max(scores.values())
    return min(clusters for clusters, score in scores.items() if score >= best - GAIN)


def _candidates(most: int) -> list[int]:
    """Every number at first, then in steps of about a sixth."""
    numbers = [2]
    while numbers[-1] < most:
        numbers.append(max(numbers[-1] + 1, round(numbers[-1] * 1.17)))
    return [number for number in numbers if number <= most]


def spread(points: Floats, sample: Ints, labels: Ints) -> Ints:
    """What a sample's groups mean for all points: each goes where the nearest of it went.

    Args:
        points: unit rows [n, d].
        sample: row numbers [m].
        labels: groups of the sample [m].
    """
    if len(sample) == len(points):
        return labels
    numbers, _ = nearest(points, points[sample])
    return labels[numbers[:, 0]]


def middles(rows: Floats, labels: Ints) -> Floats:
    """The mean direction of each group [groups, d], unit rows; outliers count for none."""
    count = int(labels.max(initial=-1)) + 1
    sums = np.zeros((count, rows.shape[1]), dtype=np.float64)
    inside = labels >= 0
    np.add.at(sums, labels[inside], rows[inside])
    return unit(sums.astype(np.float32))


def without_strays(points: Floats, labels: Ints) -> Ints:
    """k-means knows no outliers: what is far less like its middle than its fellows are becomes one.

    Far less is below Tukey's fence, 1.5 ranges between the quartiles under the lower one.
    """
    centers, kept = middles(points, labels), labels.copy()
    for group in range(len(centers)):
        (members,) = np.nonzero(labels == group)
        likeness = points[members] @ centers[group]
        low, high = np.quantile(likeness, [0.25, 0.75])
        kept[members[likeness < low - FENCE * (high - low) - 1e-6]] = -1
    return kept


def by_size(labels: Ints, *, min_size: int) -> Ints:
    """Groups numbered anew, the biggest 0; those with fewer than `min_size` are outliers.

    Of two as big the one whose first record comes first is first.
    """
    groups, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    order = sorted(
        (-int(size), int(start), int(group))
        for group, start, size in zip(groups, first, sizes, strict=True)
        if group >= 0 and size >= min_size
    )
    numbers = {group: number for number, (_, _, group) in enumerate(order)}
    return np.array([numbers.get(int(label), -1) for label in labels], dtype=np.int64)


def firmness(
    points: Floats, labels: Ints, *, group: Grouping, seed: int
) -> tuple[list[float], float]:
    """How much of each group comes again when parts of the points are grouped on their own.

    Args:
        points: unit rows [n, d].
        labels: their groups [n].
        group: groups points with a seed, as `labels` was made.
        seed: of the parts.

    Returns:
        The mean best Jaccard overlap of each group (Hennig 2007), and the mean adjusted Rand index;
        both of the points that are in a group.
    """
    count = int(labels.max(initial=-1)) + 1
    overlaps, agreements = np.zeros((REPEATS, count)), []
    size = max(2, round(len(points) * SHARE))
    for turn in range(REPEATS):
        part = sample_of(len(points), most=size, seed=seed + 1 + turn)
        again = group(points[part], seed + 1 + turn)
        inside = labels[part] >= 0
        one, other = labels[part][inside], again[inside]
        agreements.append(adjusted_rand_score(one, other))
        overlaps[turn] = overlap(one, other, count=count).max(axis=1, initial=0)
    return [float(each) for each in overlaps.mean(axis=0)], float(np.mean(agreements))


def overlap(one: Ints, other: Ints, *, count: int) -> Doubles:
    """Jaccard overlap of `count` groups with those of another grouping of the same [count, m]."""
    others = int(other.max(initial=-1)) + 1
    shared = np.zeros((count, others))
    both = (one >= 0) & (other >= 0)
    np.add.at(shared, (one[both], other[both]), 1)
    sizes = np.bincount(one[one >= 0], minlength=count)[:, None]
    other_sizes = np.bincount(other[other >= 0], minlength=others)[None, :]
    jaccard: Doubles = shared / np.maximum(sizes + other_sizes - shared, 1)
    return jaccard
