"""Our tests give what scipy's give; sizes are what they are called."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from scipy.stats import chi2_contingency, ks_2samp, wasserstein_distance

from svc_quality.drift.two_sample import compare_categories, compare_numbers, holm

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=60)
COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 200), min_size=1)


@given(reference=NUMBERS, current=NUMBERS)
def test_kolmogorov_smirnov_is_scipys(reference: list[float], current: list[float]) -> None:
    ours = compare_numbers(np.array(reference), np.array(current))
    theirs = ks_2samp(reference, current, method="asymp")

    assert ours.statistic == pytest.approx(theirs.statistic)
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=1e-9)
    assert sum(each.reference for each in ours.bins) == len(reference)
    assert sum(each.current for each in ours.bins) == len(current)


@given(values=NUMBERS)
def test_what_is_the_same_has_no_distance(values: list[float]) -> None:
    same = compare_numbers(np.array(values), np.array(values))
    assert (same.statistic, same.effect, same.p_value) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize("shift", [0.05, 0.1, 1.0])
def test_the_distance_is_in_deviations_of_the_reference(shift: float) -> None:
    rng = np.random.default_rng(5)
    reference, current = rng.normal(3, 7, 100_000), rng.normal(3 + 7 * shift, 7, 80_000)
    ours = compare_numbers(reference, current)

    assert ours.effect == pytest.approx(shift, abs=0.015)
    assert ours.effect * reference.std() == pytest.approx(
        wasserstein_distance(reference, current), rel=0.05, abs=0.02
    )


def test_two_constants_are_the_same_or_as_far_apart_as_can_be() -> None:
    assert compare_numbers(np.full(9, 2.0), np.full(9, 2.0)).effect == 0.0
    assert compare_numbers(np.full(9, 2.0), np.full(9, 3.0)).effect == 1.0


@given(reference=COUNTS, current=COUNTS)
def test_chi_square_is_scipys_where_nothing_is_rare(
    reference: dict[str, int], current: dict[str, int]
) -> None:
    ours = compare_categories(reference, current)
    names = sorted({*reference, *current})
    counts = np.array([[side.get(name, 0) for name in names] for side in (reference, current)])
    expected = counts.sum(axis=0) * counts.sum(axis=1, keepdims=True) / counts.sum()

    assert 0 <= ours.effect <= 1
    if len(names) > 1 and expected.min() >= 5:
        theirs = chi2_contingency(counts, correction=False)
        assert ours.statistic == pytest.approx(theirs.statistic)
        assert ours.p_value == pytest.approx(theirs.pvalue)
        if counts[0].sum() == counts[1].sum():
            assert ours.effect == pytest.approx((theirs.statistic / counts.sum()) ** 0.5)


def test_a_new_category_is_seen_and_shown() -> None:
    known = {f"c{number}": 100 for number in range(30)}
    ours = compare_categories(known, {**known, "new": 300})

    assert ours.p_value < 1e-9
    assert ours.bins[0].label == "new"
    assert ours.bins[-1].label == "all others"


def test_holm_corrects_as_in_his_paper() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
