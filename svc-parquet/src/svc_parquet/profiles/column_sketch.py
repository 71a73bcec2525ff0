"""The running statistics of one typed column."""

import math
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from shared_lib.contracts.conversions import (
    ColumnMeaning,
    ColumnProfile,
    HistogramBin,
    LengthStatistics,
    Quantile,
    Scalar,
    ValueCount,
)
from svc_parquet.conversions.json_values import json_values
from svc_parquet.profiles.meaning import LOOKED_AT, Seen, infer_meaning
from svc_parquet.profiles.sketches import DistinctSketch, Floats, Histogram, Moments, Weights

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_TOP = 10
_TRACK_FROM = 1024
_TRACK_TO = 4096
_LONGEST_SHOWN = 200
_PLAIN = 2**53
"""Below it a number of Python is one of JSON."""
_READ_AS_TEXT = (pl.String, pl.Int64)


class ColumnSketch:
    """Sees a column block by block.

    While the column has few distinct values they are simply counted and everything is exact.
    A column that has many keeps moments, a histogram, a distinct sketch and its extremes.
    """

    def __init__(self, name: str, *, dtype: pl.DataType, type_name: str) -> None:
        self._name = name
        self._dtype = dtype
        self._type_name = type_name
        self._numeric = dtype.is_numeric()
        self._scaled = self._numeric or dtype.is_temporal()
        self._counts: Counter[Any] | None = None
        self._nulls = 0
        self._present = 0
        self._least: Any = None
        self._greatest: Any = None
        self._distinct = DistinctSketch()
        self._moments = Moments()
        self._histogram = Histogram()
        self._lengths = (math.inf, 0, 0)

    @property
    def few_values(self) -> bool:
        """Whether the column has shown few distinct values so far."""
        return self._counts is not None

    def add(self, series: pl.Series) -> None:
        """Take in one block of values."""
        present = series.drop_nulls() if series.null_count() else series
        self._nulls += len(series) - len(present)
        if present.is_empty():
            return
        first = self._present == 0
        self._present += len(present)
        if first and present.n_unique() <= _TRACK_FROM:
            self._counts = Counter()
        if self._counts is None:
            self._absorb(present)
            return
        counted = present.value_counts(name="count")
        keys = counted.to_series(0).to_list()
        if self._dtype.is_float():  # one key for all that is no number
            keys = [math.nan if math.isnan(key) else key for key in keys]
        self._counts.update(dict(zip(keys, counted["count"].to_list(), strict=True)))
        if len(self._counts) > _TRACK_TO:
            values, weights = self._counted()
            self._counts = None
            self._absorb(values, weights=weights)

    def _counted(self) -> tuple[pl.Series, Weights]:
        counts = self._counts or Counter()
        values = pl.Series(list(counts), dtype=self._dtype)
        return values, np.fromiter(counts.values(), dtype=np.int64, count=len(counts))

    def _absorb(self, values: pl.Series, *, weights: Weights | None = None) -> None:
        """Update every running figure with values, each `weights` times."""
        self._distinct.add(values.hash(seed=0).to_numpy())
        least, greatest = values.min(), values.max()
        if self._least is None or least < self._least:
            self._least = least
        if self._greatest is None or greatest > self._greatest:
            self._greatest = greatest
        if self._scaled:
            numbers = _as_floats(values)
            if self._dtype.is_float():
                numbers, weights = _finite(numbers, weights)
            self._histogram.add(numbers, weights=weights)
            if self._numeric:
                self._moments.add(numbers, weights=weights)
        if self._dtype == pl.String:
            self._add_lengths(values.str.len_chars(), weights)

    def _add_lengths(self, lengths: pl.Series, weights: Weights | None) -> None:
        least, total, greatest = self._lengths
        array = lengths.to_numpy()
        added = int(array.sum() if weights is None else (array * weights).sum())
        self._lengths = (
            min(least, int(array.min())),
            total + added,
            max(greatest, int(array.max())),
        )

    def finish(self, sample: pl.Series, *, complete: bool) -> ColumnProfile:
        """The column's profile.

        Args:
            sample: a systematic sample of the column, used when its values were not counted.
            complete: whether the sample is the whole column.
        """
        counted: tuple[pl.Series, Weights] | None = None
        if self._counts is not None:
            counted = self._counted()
            self._absorb(counted[0], weights=counted[1])
        few = counted is not None
        counts = counted or (sample.drop_nulls(), None)
        return ColumnProfile(
            name=self._name,
            type=self._type_name,
            nulls=self._nulls,
            distinct=self._distinct_values(),
            distinct_exact=few or self._distinct.exact,
            min=self._shown(self._least),
            max=self._shown(self._greatest),
            mean=self._moments.mean if self._moments.count else None,
            deviation=self._moments.deviation,
            quantiles=self._quantiles(*counts) if self._scaled else [],
            quantiles_exact=few or complete,
            top=self._top(sample, complete=complete),
            top_exact=few or complete,
            histogram=self._bins(),
            lengths=self._length_statistics(),
            meaning=self._meaning(counts[0]),
        )

    def _meaning(self, values: pl.Series) -> ColumnMeaning | None:
        lengths = self._length_statistics()
        looked_at = values.head(LOOKED_AT)
        texts = looked_at.cast(pl.String).to_list() if self._dtype in _READ_AS_TEXT else []
        return infer_meaning(
            Seen(
                name=self._name,
                type=self._type_name,
                present=self._present,
                distinct=self._distinct_values(),
                values=texts,
                mean_length=lengths.mean if lengths else None,
            )
        )

    def _distinct_values(self) -> int:
        """Counted, or estimated; there are never more than values."""
        if self._counts is not None:
            return len(self._counts)
        return min(self._distinct.count(), self._present)

    def _shown(self, value: Any) -> Scalar:
        if value is None:
            return None
        if isinstance(value, str):
            return value[:_LONGEST_SHOWN]
        if isinstance(value, int | float) and abs(value) < _PLAIN:
            return value
        return json_values(pl.Series([value], dtype=self._dtype))[0]

    def _quantiles(self, values: pl.Series, weights: Weights | None) -> list[Quantile]:
        """Values at the given ranks; no interpolation, so that every answer occurs."""
        if values.is_empty():
            return []
        order = _order(values)
        ranks = np.arange(1, len(values) + 1) if weights is None else np.cumsum(weights[order])
        wanted = np.ceil(np.asarray(QUANTILES) * ranks[-1]).clip(min=1)
        found = order[np.searchsorted(ranks, wanted)]
        shown = json_values(values.gather(found.tolist()))
        return [Quantile(q=q, value=value) for q, value in zip(QUANTILES, shown, strict=True)]

    def _top(self, sample: pl.Series, *, complete: bool) -> list[ValueCount]:
        if self._counts is not None:
            return self._value_counts(self._counts.most_common(_TOP), scale=1.0)
        present = sample.drop_nulls()
        if present.is_empty():
            return []
        counted = present.value_counts(name="count").filter(pl.col("count") > 1)
        most_frequent = counted.sort("count", descending=True).head(_TOP)
        scale = 1.0 if complete else self._present / len(present)
        return self._value_counts(most_frequent.rows(), scale=scale)

    def _value_counts(self, pairs: list[tuple[Any, ...]], *, scale: float) -> list[ValueCount]:
        shown = json_values(pl.Series([value for value, _ in pairs], dtype=self._dtype))
        return [
            ValueCount(
                value=value[:_LONGEST_SHOWN] if isinstance(value, str) else value,
                count=round(count * scale),
            )
            for value, (_, count) in zip(shown, pairs, strict=True)
        ]

    def _bins(self) -> list[HistogramBin]:
        bins = self._histogram.bins()
        if self._numeric:
            return [HistogramBin(low=b.low, high=b.high, count=b.count) for b in bins]
        edges = [[round(b.low), round(b.high)] for b in bins]
        unit = pl.Int32 if self._dtype == pl.Date else pl.Int64
        shown = [
            json_values(pl.Series(pair, dtype=pl.Int64).cast(unit).cast(self._dtype))
            for pair in edges
        ]
        return [
            HistogramBin(low=low, high=high, count=b.count)
            for (low, high), b in zip(shown, bins, strict=True)
        ]

    def _length_statistics(self) -> LengthStatistics | None:
        least, total, greatest = self._lengths
        if self._dtype != pl.String or not self._present:
            return None
        return LengthStatistics(min=int(least), mean=total / self._present, max=greatest)


def _order(values: pl.Series) -> npt.NDArray[Any]:
    """The places of the values in their order."""
    if values.dtype.is_decimal():
        return values.arg_sort().to_numpy()
    return np.argsort(values.to_physical().to_numpy(), kind="stable")


def _finite(numbers: Floats, weights: Weights | None) -> tuple[Floats, Weights | None]:
    """Without infinities and what is no number: they have no place among bins and no mean."""
    finite = np.isfinite(numbers)
    if finite.all():
        return numbers, weights
    return numbers[finite], None if weights is None else weights[finite]


def _as_floats(values: pl.Series) -> Floats:
    numbers = values.to_physical() if values.dtype.is_temporal() else values
    floats: Floats = numbers.cast(pl.Float64).to_numpy()
    return floats
