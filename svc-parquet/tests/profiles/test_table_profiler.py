import datetime as dt
import math
import statistics
from collections import Counter
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_lib.contracts.conversions import ColumnProfile, TableProfile
from svc_parquet.profiles.sketches import DistinctSketch, Histogram, Moments
from svc_parquet.profiles.table_profiler import TableProfiler


def _profile(frame: pl.DataFrame, *, block: int) -> TableProfile:
    profiler = TableProfiler(dict(frame.schema), type_names=[str(t) for t in frame.dtypes])
    for part in frame.iter_slices(block):
        profiler.add(part)
    return profiler.finish()


def _column(values: pl.Series, *, block: int = 1000) -> ColumnProfile:
    return _profile(values.alias("v").to_frame(), block=block).columns[0]


def test_a_small_table_is_exact() -> None:
    profile = _column(pl.Series([3, 1, None, 2, 2], dtype=pl.Int64), block=2)
    assert (profile.nulls, profile.distinct, profile.distinct_exact) == (1, 3, True)
    assert (profile.min, profile.max, profile.mean) == (1, 3, 2.0)
    assert profile.deviation == pytest.approx(statistics.stdev([3, 1, 2, 2]))
    assert [q.value for q in profile.quantiles if q.q == 0.5] == [2]
    assert (profile.top[0].value, profile.top[0].count) == (2, 2)
    assert sum(b.count for b in profile.histogram) == 4


def test_many_values_are_estimated_and_say_so() -> None:
    rows = 400_000
    values = pl.Series(np.random.default_rng(1).normal(10, 3, rows))
    profile = _column(values, block=37_001)
    assert not profile.distinct_exact
    assert profile.distinct == pytest.approx(rows, rel=0.1)
    assert profile.mean == pytest.approx(values.mean(), rel=1e-9)
    assert profile.deviation == pytest.approx(values.std(), rel=1e-9)
    assert (profile.min, profile.max) == (values.min(), values.max())
    assert not profile.quantiles_exact
    for quantile in profile.quantiles:
        assert isinstance(quantile.value, float)
        share = (values <= quantile.value).sum() / rows
        assert share == pytest.approx(quantile.q, abs=0.01)
    assert 1 < len(profile.histogram) <= 20
    for item in profile.histogram:
        inside = ((values >= item.low) & (values < item.high)).sum()
        assert inside == item.count


def test_a_column_that_turns_out_to_have_many_values_stays_exact_where_it_says_so() -> None:
    values = pl.Series([1] * 5000 + list(range(20_000)), dtype=pl.Int64)
    profile = _column(values, block=5000)
    assert profile.mean == pytest.approx(values.mean())
    assert profile.deviation == pytest.approx(values.std())
    assert sum(b.count for b in profile.histogram) == len(values)
    assert profile.distinct == pytest.approx(20_000, rel=0.1)


@pytest.mark.parametrize(
    ("values", "least", "greatest"),
    [
        (pl.Series([Decimal("1.50"), Decimal("-2.25")]), "-2.25", "1.50"),
        (pl.Series([dt.date(2024, 1, 5), dt.date(1999, 12, 31)]), "1999-12-31", "2024-01-05"),
        (
            pl.Series(["2024-01-05T10:11:12", None]).str.to_datetime(),
            "2024-01-05T10:11:12",
            "2024-01-05T10:11:12",
        ),
        (pl.Series([2**53 + 1, 5]), 5, str(2**53 + 1)),
        (pl.Series(["b", "a", None]), "a", "b"),
        (pl.Series([True, False]), False, True),
        (pl.Series([None, None], dtype=pl.Int64), None, None),
    ],
)
def test_extremes_are_json(values: pl.Series, least: object, greatest: object) -> None:
    profile = _column(values)
    assert (profile.min, profile.max) == (least, greatest)
    assert ColumnProfile.model_validate_json(profile.model_dump_json()) == profile


def test_lengths_of_text() -> None:
    profile = _column(pl.Series(["\u6771\u4eac", "abc", "", None]))
    assert profile.lengths is not None
    assert (profile.lengths.min, profile.lengths.max) == (0, 3)
    assert profile.lengths.mean == pytest.approx(5 / 3)


_FINITE = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=200, deadline=None)
@given(
    blocks=st.lists(st.lists(_FINITE | st.integers(-50, 50).map(float), max_size=30), max_size=6)
)
def test_histograms_count_every_value_once(blocks: list[list[float]]) -> None:
    histogram = Histogram()
    for block in blocks:
        histogram.add(np.array(block, dtype=np.float64))
    values = [value for block in blocks for value in block]
    bins = histogram.bins()
    assert sum(item.count for item in bins) == len(values)
    assert len(bins) <= 20
    if len(set(values)) > 1:
        for place, item in enumerate(bins):
            last = place == len(bins) - 1
            inside = sum(item.low <= v and (v < item.high or last) for v in values)
            assert inside == item.count


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), min_size=1, max_size=5))
def test_moments_merge(blocks: list[list[float]]) -> None:
    moments = Moments()
    for block in blocks:
        moments.add(np.array(block))
    values = [value for block in blocks for value in block]
    assert moments.mean == pytest.approx(statistics.fmean(values), abs=1e-6)
    if len(values) > 1:
        assert moments.deviation == pytest.approx(statistics.stdev(values), abs=1e-3)


def test_weights_stand_for_repetition() -> None:
    values = [1.0, 2.5, 2.5, 7.0, 7.0, 7.0]
    counted = Counter(values)
    weighted, plain = Moments(), Moments()
    weighted.add(np.array(list(counted)), weights=np.array(list(counted.values())))
    plain.add(np.array(values))
    assert weighted.mean == pytest.approx(plain.mean)
    assert weighted.deviation == pytest.approx(plain.deviation or math.nan)


@pytest.mark.parametrize("count", [0, 1, 2000, 2047, 2048, 100_000])
def test_distinct_sketch(count: int) -> None:
    sketch = DistinctSketch()
    hashes = pl.Series(range(count), dtype=pl.Int64).hash(seed=0)
    for _ in range(2):
        for part in np.array_split(hashes.to_numpy(), 7):
            sketch.add(part)
    assert sketch.exact is (count < 2048)
    assert sketch.count() == (count if sketch.exact else pytest.approx(count, rel=0.1))
