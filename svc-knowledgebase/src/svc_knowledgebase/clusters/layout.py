"""A map of the records: places in a square, those alike near one another."""

import numpy as np
from numpy.typing import NDArray
from sklearn.manifold import TSNE

from svc_knowledgebase.clusters.space import Floats, nearest, sample_of, unit

PLACED = 3_000
"""Records that are laid out by t-SNE; each of the others goes between those most like it."""
STEPS = 500
BESIDE = 3

Places = NDArray[np.float64]


def lay_out(points: Floats, *, seed: int) -> Places:
    """Places [n, 2] from 0 to 1, rounded to thousandths.

    t-SNE (van der Maaten, Hinton 2008), begun with the two main axes, so that the whole keeps its
    shape.

    Args:
        points: unit rows [n, d].
        seed: of the sample.
    """
    if len(points) < 5 or points.shape[1] < 2 or not np.any(points != points[0]):
        return _in_a_circle(len(points))
    sample = sample_of(len(points), most=PLACED, seed=seed)
    laid = TSNE(
        init="pca",
        learning_rate="auto",
        perplexity=min(30.0, (len(sample) - 1) / 3),
        max_iter=STEPS,
        random_state=seed,
        n_jobs=1,
    ).fit_transform(points[sample])
    places = laid if len(sample) == len(points) else _between(points, points[sample], laid)
    places = places.astype(np.float64) - places.min(axis=0)
    within: Places = np.round(places / max(float(places.max()), 1e-9), 3)
    return within


def _between(points: Floats, placed: Floats, places: Floats) -> Floats:
    numbers, cosines = nearest(unit(points), unit(placed), count=min(BESIDE, len(placed)))
    weights = np.clip(cosines, 0, 1) ** 8 + 1e-6
    weights /= weights.sum(axis=1, keepdims=True)
    between: Floats = (places[numbers] * weights[:, :, None]).sum(axis=1)
    return between


def _in_a_circle(count: int) -> Places:
    turns = np.arange(count) / max(count, 1) * 2 * np.pi
    return np.round(0.5 + 0.4 * np.column_stack([np.cos(turns), np.sin(turns)]), 3)
