"""A category as a direction: what its name and description mean, and what its examples are like."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_lib.contracts.groups import Category
from svc_knowledgebase.clusters.space import Floats, Ints, unit

Doubles = NDArray[np.float64]
Embed = Callable[[Sequence[str]], Floats]
"""Texts to unit rows [n, d]."""

NAMES_WORTH = 3
"""The name and description count as much as the examples of so many documents."""


@dataclass(frozen=True)
class Examples:
    """Labelled vectors.

    Attributes:
        rows: unit rows [n, d].
        labels: the place of each one's category; -1 has none [n].
        documents: what each belongs to, by number; those of one document tell the same thing [n].
    """

    rows: Floats
    labels: Ints
    documents: Ints

    def of(self, which: NDArray[np.bool_]) -> "Examples":
        """A part of them."""
        return Examples(self.rows[which], self.labels[which], self.documents[which])


def name_directions(categories: Sequence[Category], embed: Embed) -> Floats:
    """Unit rows [categories, d] of label and description."""
    texts = [f"{each.label}. {each.description}".strip(". ") for each in categories]
    return unit(embed(texts))


def prototypes(names: Floats, examples: Examples) -> Floats:
    """Unit rows [categories, d]: the name's direction and the examples' mean, weighed.

    Every document counts once, however many of its passages there are; of categories without an
    example the name speaks alone.

    Args:
        names: of the categories, unit rows.
        examples: those without a label count for nothing.
    """
    inside = examples.labels >= 0
    rows, labels, documents = (
        examples.rows[inside],
        examples.labels[inside],
        examples.documents[inside],
    )
    if not len(rows):
        return names
    # A passage counts one part in as many as its document has in the same category.
    keys = labels * (int(documents.max()) + 1) + documents
    _, which, counts = np.unique(keys, return_inverse=True, return_counts=True)
    weights = 1.0 / counts[which]
    sums = np.zeros(names.shape, dtype=np.float64)
    np.add.at(sums, labels, rows * weights[:, None])
    seen = np.bincount(labels, weights=weights, minlength=len(names))
    share = (seen / (seen + NAMES_WORTH))[:, None]
    return unit((share * unit(sums.astype(np.float32)) + (1 - share) * names).astype(np.float32))


def held_out(names: Floats, examples: Examples, *, folds: int, seed: int) -> tuple[Floats, Ints]:
    """How like each example is to each category, told by the examples of other documents alone.

    Returns:
        Cosines [n, categories], and the fold of each example [n].
    """
    documents = np.unique(examples.documents)
    order = np.random.default_rng(seed).permutation(len(documents))
    fold_of = np.empty(len(documents), dtype=np.int64)
    fold_of[order] = np.arange(len(documents)) % folds
    fold = fold_of[np.searchsorted(documents, examples.documents)]
    likeness = np.empty((len(examples.rows), len(names)), dtype=np.float32)
    for number in range(folds):
        inside = fold == number
        likeness[inside] = examples.rows[inside] @ prototypes(names, examples.of(~inside)).T
    return likeness, fold


def probabilities(likeness: Floats, *, sharpness: float) -> Doubles:
    """Softmax of the cosines times the sharpness [n, categories]."""
    powers = likeness.astype(np.float64) * sharpness
    powers -= powers.max(axis=1, keepdims=True, initial=-np.inf)
    shares = np.exp(powers)
    scaled: Doubles = shares / shares.sum(axis=1, keepdims=True)
    return scaled


def fence(likeness: Floats) -> float:
    """What is less like its category than this is like none of them.

    Tukey's lower fence: 1.5 ranges between the quartiles under the lower one. Shares cannot say so,
    since they are of the categories that there are.
    """
    if not len(likeness):
        return -1.0
    low, high = np.quantile(likeness, [0.25, 0.75])
    return round(float(low - 1.5 * (high - low)) - 1e-4, 4)


def leads(shares: Doubles) -> tuple[Ints, Doubles, Doubles]:
    """The best category of each row, its share, and by how much it leads the second [n]."""
    best = shares.argmax(axis=1).astype(np.int64)
    top = shares[np.arange(len(shares)), best]
    rest = shares.copy()
    rest[np.arange(len(shares)), best] = 0
    lead: Doubles = top - rest.max(axis=1, initial=0)
    return best, top, lead


def fitted_sharpness(likeness: Floats, labels: Ints, *, otherwise: float) -> float:
    """The sharpness under which the labels are likeliest (temperature scaling, Guo et al. 2017)."""
    if not len(labels):
        return otherwise
    candidates = np.geomspace(1, 200, 54)
    rows = np.arange(len(labels))
    losses = [
        -np.log(np.maximum(probabilities(likeness, sharpness=each)[rows, labels], 1e-12)).mean()
        for each in candidates
    ]
    return round(float(candidates[int(np.argmin(losses))]), 3)
