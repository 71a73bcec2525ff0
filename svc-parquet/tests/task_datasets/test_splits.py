"""Splits: whole, exact, the same again, and never through a unit."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from svc_parquet.task_datasets.components import components
from svc_parquet.task_datasets.splits import assign, draw, quotas

SHARES = st.lists(st.integers(1, 9), min_size=2, max_size=4).map(
    lambda parts: [part / sum(parts) for part in parts]
)


@st.composite
def cases(draw_: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[float]]:
    count = draw_(st.integers(2, 120))
    labels = np.array(draw_(st.lists(st.integers(0, 3), min_size=count, max_size=count)))
    pairs = draw_(
        st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=count)
    )
    units = components(count, np.array(pairs, dtype=np.int64).reshape(-1, 2))
    drawn = draw([f"text {number}" for number in range(count)], seed=draw_(st.integers(0, 99)))
    return labels, units, drawn, draw_(SHARES)


@given(total=st.integers(0, 5000), shares=SHARES)
def test_quotas_are_whole_and_nearest(total: int, shares: list[float]) -> None:
    found = quotas(total, shares)

    assert found.sum() == total
    assert all(abs(n - total * share) < 1 for n, share in zip(found, shares, strict=True))


@given(case=cases())
def test_every_row_has_a_split_and_no_unit_has_two(
    case: tuple[np.ndarray, np.ndarray, np.ndarray, list[float]],
) -> None:
    labels, units, drawn, shares = case
    split = assign(labels, units=units, drawn=drawn, shares=shares)

    assert set(split.tolist()) <= set(range(len(shares)))
    assert len(set(zip(units.tolist(), split.tolist(), strict=True))) == len(set(units.tolist()))


@given(case=cases())
def test_single_rows_are_split_exactly_in_every_class(
    case: tuple[np.ndarray, np.ndarray, np.ndarray, list[float]],
) -> None:
    labels, _, drawn, shares = case
    split = assign(labels, units=np.arange(len(labels)), drawn=drawn, shares=shares)

    for label, total in Counter(labels.tolist()).items():
        counts = np.bincount(split[labels == label], minlength=len(shares))
        assert counts.tolist() == quotas(total, shares).tolist()


@given(case=cases(), order=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_has_no_effect(
    case: tuple[np.ndarray, np.ndarray, np.ndarray, list[float]], order: object
) -> None:
    labels, units, drawn, shares = case
    split = assign(labels, units=units, drawn=drawn, shares=shares)
    moved = list(range(len(labels)))
    order.shuffle(moved)  # type: ignore[attr-defined]
    again = assign(labels[moved], units=units[moved], drawn=drawn[moved], shares=shares)

    assert again.tolist() == split[moved].tolist()


def test_more_rows_leave_most_of_the_test_rows_where_they_were() -> None:
    texts = [f"text {number}" for number in range(2200)]
    few, many = draw(texts[:2000], seed=3), draw(texts, seed=3)
    shares = [0.8, 0.2]
    before = assign(np.zeros(2000, int), units=np.arange(2000), drawn=few, shares=shares)
    after = assign(np.zeros(2200, int), units=np.arange(2200), drawn=many, shares=shares)

    assert (before != after[:2000]).mean() < 0.02


def test_other_seeds_draw_other_rows() -> None:
    texts = [f"text {number}" for number in range(500)]
    one, other = (
        assign(
            np.zeros(500, int), units=np.arange(500), drawn=draw(texts, seed=s), shares=[0.5] * 2
        )
        for s in (1, 2)
    )

    assert 0.4 < (one == other).mean() < 0.6


@given(
    count=st.integers(1, 40),
    pairs=st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=60),
)
def test_components_are_the_chains_of_pairs(count: int, pairs: list[tuple[int, int]]) -> None:
    inside = [(a, b) for a, b in pairs if a < count and b < count]
    found = components(count, np.array(inside, dtype=np.int64).reshape(-1, 2)).tolist()

    sets = [{place} for place in range(count)]
    for a, b in inside:
        joined = next(s for s in sets if a in s) | next(s for s in sets if b in s)
        sets = [s for s in sets if not s & joined] + [joined]
    assert found == [min(next(s for s in sets if place in s)) for place in range(count)]
