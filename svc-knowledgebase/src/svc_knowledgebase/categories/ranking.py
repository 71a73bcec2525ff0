"""A few vectors to categories, without numpy: an API process loads none."""

from collections.abc import Sequence
from math import exp, sqrt
from operator import mul

from svc_knowledgebase.grouping.labels import LabelledCategory

BEST = 5


def rank(
    vector: Sequence[float],
    categories: Sequence[LabelledCategory],
    *,
    sharpness: float,
    margin: float,
    floor: float,
) -> tuple[str | None, list[tuple[str, float]]]:
    """The category of a vector, or None, and the best five with their shares.

    Args:
        vector: a unit vector.
        categories: with unit directions of the same length.
        sharpness: of the softmax.
        margin: by which the best share must lead the second.
        floor: cosine that the best must have.
    """
    likeness = [sum(map(mul, vector, each.direction)) for each in categories]
    highest = max(likeness)
    powers = [exp((each - highest) * sharpness) for each in likeness]
    total = sum(powers)
    shares = [
        (str(each.shown["id"]), power / total)
        for each, power in zip(categories, powers, strict=True)
    ]
    best = sorted(shares, key=lambda each: -each[1])[:BEST]
    lead = best[0][1] - (best[1][1] if len(best) > 1 else 0)
    return best[0][0] if lead >= margin and highest >= floor else None, best


def middle(vectors: Sequence[Sequence[float]]) -> list[float]:
    """The mean direction of unit vectors, as of the columns of a dataset."""
    sums = [sum(values) for values in zip(*vectors, strict=True)]
    length = sqrt(sum(value * value for value in sums))
    return [value / length for value in sums] if length else sums


def describe_column(name: str, kind: str | None, samples: Sequence[str]) -> str:
    """A column of a table in words: its name, its type and some of its values."""
    spoken = name.replace("_", " ").replace(".", " ").strip()
    typed = f" ({kind})" if kind else ""
    values = ", ".join(dict.fromkeys(each.strip() for each in samples if each.strip()))
    return f"{spoken}{typed}: {values}" if values else f"{spoken}{typed}"
