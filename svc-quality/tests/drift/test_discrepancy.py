"""The test of vectors: what Gretton et al. wrote down, few false alarms, and what has moved."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from svc_quality.drift.discrepancy import Discrepancy, compare_vectors

SEEDS = 100
SEED = st.integers(0, 2**32 - 1)
SIZE = st.integers(2, 12)


def by_the_paper(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Equation 3 of the paper, term by term."""
    both = np.concatenate([first, second])
    apart = [np.sum((a - b) ** 2) for i, a in enumerate(both) for b in both[:i]]
    width = np.median(apart)

    def mean(pairs: list[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> float:
        return float(np.mean([np.exp(-np.sum((a - b) ** 2) / (2 * width)) for a, b in pairs]))

    def within(side: NDArray[np.float64]) -> float:
        return mean([(a, b) for i, a in enumerate(side) for j, b in enumerate(side) if i != j])

    return within(first) + within(second) - 2 * mean([(a, b) for a in first for b in second])


@settings(max_examples=30)
@given(seed=SEED, first=SIZE, second=SIZE)
def test_the_statistic_is_the_papers(seed: int, first: int, second: int) -> None:
    rng = np.random.default_rng(seed)
    before, now = rng.normal(size=(first, 4)), rng.normal(0.5, 1, size=(second, 4))
    ours = compare_vectors(before, now, permutations=9)
    turned = compare_vectors(now[::-1], before, permutations=9)

    assert ours.statistic == pytest.approx(by_the_paper(before, now), abs=1e-9)
    assert turned.statistic == pytest.approx(ours.statistic, abs=1e-9)
    assert 0.1 <= ours.p_value <= 1
    assert ours == compare_vectors(before, now, permutations=9), "the same at every call"


def test_what_has_not_moved_is_seldom_blamed() -> None:
    def pair(seed: int) -> Discrepancy:
        rng = np.random.default_rng(seed)
        before, now = rng.normal(size=(40, 16)), rng.normal(size=(60, 16))
        return compare_vectors(before, now, permutations=200)

    found = [pair(seed) for seed in range(SEEDS)]
    assert sum(each.p_value < 0.01 for each in found) <= 5
    assert 0.4 < np.mean([each.p_value for each in found]) < 0.6, "neither shy nor eager"


@pytest.mark.parametrize("share", [0.2, 1.0])
def test_a_share_of_other_texts_is_found_and_sized(share: float) -> None:
    rng = np.random.default_rng(7)
    before, now = rng.normal(size=(200, 64)), rng.normal(size=(200, 64))
    now[: int(200 * share)] += 2  # as far again as the spread reaches, in every dimension
    found = compare_vectors(before, now)

    assert found.p_value == 1 / 501
    assert found.effect > share


def test_texts_that_became_one_are_found_although_their_mean_stays() -> None:
    before = np.random.default_rng(8).normal(size=(200, 64))
    found = compare_vectors(before, np.zeros((200, 64)))
    assert (found.p_value, found.effect > 0.25) == (1 / 501, True)


def test_constants_are_the_same_or_as_far_apart_as_can_be() -> None:
    one, other = np.ones((30, 3)), np.full((30, 3), 2.0)
    assert compare_vectors(one, one) == Discrepancy(statistic=0.0, p_value=1.0, effect=0.0)
    apart = compare_vectors(one, other)
    assert (apart.p_value, apart.effect) == (1 / 501, 1.0)
