"""How an assignment is tuned and judged by what is labelled already."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared_lib.contracts.groups import Category, CategoryReport
from svc_knowledgebase.categories.prototypes import (
    Doubles,
    Examples,
    fence,
    fitted_sharpness,
    held_out,
    leads,
    probabilities,
)
from svc_knowledgebase.categories.report import (
    Truths,
    by_category,
    calibration_error,
    curve,
    margin_for,
    reliability,
)
from svc_knowledgebase.clusters.space import Floats, Ints, sample_of

FOLDS = 10
JUDGED_ON = 20_000
FEWEST_LABELLED = 20
"""Labelled records below which a report would say nothing."""
SHARPNESS, MARGIN = 20.0, 0.1
"""When too little is labelled to choose them."""
LEAST_MARGIN = 0.05
PRECISION = 0.9
"""What the margin is chosen for when nobody has given one."""


@dataclass(frozen=True)
class Rule:
    """When a record is given its likeliest category.

    Attributes:
        sharpness: of the softmax that makes cosines shares.
        margin: by which the best share must lead the second.
        floor: cosine to the category that a record must have; what is below is like none.
    """

    sharpness: float
    margin: float
    floor: float = 1.0

    def given(self, likeness: Floats) -> tuple[Ints, Doubles, Doubles, Truths]:
        """The likeliest category of each, its share, by how much it leads, and whether it is given.

        Args:
            likeness: cosines [n, categories].
        """
        best, share, lead = leads(probabilities(likeness, sharpness=self.sharpness))
        near = likeness.max(axis=1, initial=-1) >= self.floor
        return best, share, lead, near & (lead >= self.margin)


def judge(
    categories: Sequence[Category],
    names: Floats,
    examples: Examples,
    *,
    asked: float | None,
    seed: int,
) -> tuple[Rule, CategoryReport | None]:
    """The rule, and the report on examples that had no part in it.

    Every example is judged by those of other documents. One half of the documents makes the rule,
    the other says what comes of it.

    Args:
        categories: in the order of `names` and of the examples' labels.
        names: unit rows of their labels and descriptions [categories, d].
        examples: labelled vectors.
        asked: the margin, when it is given.
        seed: of what is held out.
    """
    some = sample_of(len(examples.rows), most=JUDGED_ON, seed=seed)
    part = Examples(examples.rows[some], examples.labels[some], examples.documents[some])
    if len(some) < FEWEST_LABELLED or len(np.unique(part.documents)) < FOLDS:
        return Rule(SHARPNESS, MARGIN if asked is None else asked), None
    likeness, fold = held_out(names, part, folds=FOLDS, seed=seed)
    tuned = fold % 2 == 0
    rule = _tuned(likeness[tuned], part.labels[tuned], asked=asked)
    told = part.of(~tuned)
    return rule, _report(categories, names, told, likeness[~tuned], rule)


def _tuned(likeness: Floats, labels: Ints, *, asked: float | None) -> Rule:
    sharpness = fitted_sharpness(likeness, labels, otherwise=SHARPNESS)
    best, _, lead = leads(probabilities(likeness, sharpness=sharpness))
    right = best == labels
    margin = asked
    if margin is None:
        margin = max(LEAST_MARGIN, margin_for(curve(lead, right), precision=PRECISION))
    return Rule(sharpness, margin, fence(likeness.max(axis=1, initial=-1)[right]))


def _report(
    categories: Sequence[Category], names: Floats, told: Examples, likeness: Floats, rule: Rule
) -> CategoryReport:
    best, share, lead, given = rule.given(likeness)
    right = best == told.labels
    tenths = reliability(share, right)
    return CategoryReport(
        margin=rule.margin,
        labelled=len(told.labels),
        documents=len(np.unique(told.documents)),
        accuracy=_share(right),
        accuracy_of_names=_share((told.rows @ names.T).argmax(axis=1) == told.labels),
        coverage=_share(given),
        precision=_share(right[given]),
        calibration_error=calibration_error(tenths),
        curve=curve(lead, right),
        reliability=tenths,
        categories=by_category([each.id for each in categories], best, told.labels, given),
    )


def _share(truths: Truths) -> float:
    return round(float(truths.mean()), 4) if len(truths) else 0.0
