"""How far categories can be believed: precision and coverage by margin, and calibration."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared_lib.contracts.groups import CategoryQuality, CurvePoint, Reliability
from svc_knowledgebase.categories.prototypes import Doubles
from svc_knowledgebase.clusters.space import Ints

Truths = NDArray[np.bool_]

STEPS = 20
TENTHS = 10


def curve(lead: Doubles, right: Truths) -> list[CurvePoint]:
    """What each margin from 0 to 0.95 would give; those that give nothing are left out.

    Args:
        lead: of the best over the second [n].
        right: whether the best is the labelled one [n].
    """
    points = []
    for step in range(STEPS):
        margin = step / STEPS
        given = lead >= margin
        if given.any():
            points.append(
                CurvePoint(
                    margin=margin,
                    coverage=round(float(given.mean()), 4),
                    precision=round(float(right[given].mean()), 4),
                )
            )
    return points


def margin_for(points: Sequence[CurvePoint], *, precision: float) -> float:
    """The least margin of the curve with that precision; where none has it, that of the best."""
    good = [each.margin for each in points if each.precision >= precision]
    if good:
        return min(good)
    return max(points, key=lambda each: (each.precision, each.coverage)).margin


def reliability(score: Doubles, right: Truths) -> list[Reliability]:
    """Mean score and accuracy of the records of each tenth that has any."""
    tenths = np.minimum((score * TENTHS).astype(np.int64), TENTHS - 1)
    return [
        Reliability(
            score=round(float(score[tenths == tenth].mean()), 4),
            accuracy=round(float(right[tenths == tenth].mean()), 4),
            count=int((tenths == tenth).sum()),
        )
        for tenth in np.unique(tenths)
    ]


def calibration_error(tenths: Sequence[Reliability]) -> float:
    """Expected calibration error (Naeini 2015): the mean gap of the tenths, by their records."""
    total = sum(each.count for each in tenths)
    gaps = sum(each.count * abs(each.score - each.accuracy) for each in tenths)
    return round(gaps / total, 4) if total else 0.0


def by_category(
    names: Sequence[str], best: Ints, labels: Ints, given: Truths
) -> list[CategoryQuality]:
    """Precision and recall of each category at a margin.

    Args:
        names: ids of the categories.
        best: the likeliest category of each record [n].
        labels: the true one [n].
        given: whether the record is given its likeliest [n].
    """
    found = []
    for number, name in enumerate(names):
        chosen, true = given & (best == number), labels == number
        both = int((chosen & true).sum())
        found.append(
            CategoryQuality(
                id=name,
                labelled=int(true.sum()),
                precision=round(both / int(chosen.sum()), 4) if chosen.any() else None,
                recall=round(both / int(true.sum()), 4) if true.any() else None,
            )
        )
    return found
