"""Rows that belong together, by chains of pairs."""

import numpy as np
import numpy.typing as npt


def components(count: int, pairs: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """For each of `count` places the lowest place that it is connected to (itself, when alone).

    Args:
        pairs: of places, shape (n, 2).
    """
    parent = np.arange(count, dtype=np.int64).tolist()

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for left, right in pairs.tolist():
        one, other = root(left), root(right)
        if one != other:
            parent[max(one, other)] = min(one, other)
    return np.array([root(place) for place in range(count)], dtype=np.int64)
