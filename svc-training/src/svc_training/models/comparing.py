"""Whether a challenger is better than the champion: a paired bootstrap over the same test rows.

Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13: the percentile interval,
here of the mean of the rows' differences of loss, so that what makes a row hard for both cancels.
"""

from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from shared_lib.contracts.models import Comparison
from svc_training.models.promotion import Promotion

FEWEST_ROWS = 30
_SEED = 20_260_115
_RESAMPLES = 2000
_LEAST_RESAMPLES = 200
_MOST_DRAWS = 2 * 10**8
_CONFIDENCE = 0.95


def interval(differences: np.ndarray) -> tuple[float, float]:
    """The 95 % percentile interval of the mean of paired differences; seeded, so repeatable.

    Args:
        differences: shape (rows,), float64.
    """
    rows, random = len(differences), np.random.default_rng(_SEED)
    resamples = int(np.clip(_MOST_DRAWS // rows, _LEAST_RESAMPLES, _RESAMPLES))
    means = np.empty(resamples)
    for number in range(resamples):
        means[number] = differences[random.integers(0, rows, rows)].mean()
    tail = (1 - _CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def compare(champion: Path, challenger: Path, *, champion_version: int, margin: float) -> Promotion:
    """Compare two `predictions.parquet`, each with `row` and `loss`.

    Args:
        champion: of the present champion.
        challenger: of the new version.
        champion_version: its number.
        margin: the share of the champion's mean loss by which the new one must be better.
    """
    try:
        pairs = _losses(champion).join(_losses(challenger), on="row", suffix="_new")
    except (pl.exceptions.PolarsError, OSError) as error:
        said = f"A predictions.parquet cannot be read: {error}"
        return _not_comparable(said, champion=champion_version)
    if pairs.height < FEWEST_ROWS:
        said = (
            f"It shares {pairs.height} test rows with champion v{champion_version}; "
            f"{FEWEST_ROWS} are needed to compare them."
        )
        return _not_comparable(said, champion=champion_version)
    low, high = interval((pairs["loss_new"] - pairs["loss"]).to_numpy())
    before, now = _mean(pairs["loss"]), _mean(pairs["loss_new"])
    comparison = Comparison(
        rows=pairs.height,
        champion_version=champion_version,
        champion_loss=before,
        challenger_loss=now,
        low=low,
        high=high,
        margin=0.0 - margin * abs(before),  # never "-0"
    )
    return _judge(comparison)


def _not_comparable(reason: str, *, champion: int) -> Promotion:
    return Promotion(promoted=False, rule="not_comparable", reason=reason, champion=champion)


def _judge(found: Comparison) -> Promotion:
    numbers = (
        f"mean loss {found.challenger_loss:.4g} against {found.champion_loss:.4g} of champion "
        f"v{found.champion_version} on {found.rows} rows, difference {found.low:+.3g} to "
        f"{found.high:+.3g}"
    )
    if found.high < found.margin:
        said = f"It is better: {numbers}."
        return _told(found, rule="better", reason=said)
    said = (
        f"It is not better for certain: {numbers}; that would have to be below {found.margin:.3g}."
    )
    return _told(found, rule="not_better", reason=said)


def _told(found: Comparison, *, rule: Literal["better", "not_better"], reason: str) -> Promotion:
    return Promotion(
        promoted=rule == "better",
        rule=rule,
        reason=reason,
        champion=found.champion_version,
        comparison=found,
    )


def _losses(path: Path) -> pl.DataFrame:
    """Rows with a finite loss; the same row twice counts once."""
    frame = pl.read_parquet(path, columns=["row", "loss"])
    typed = frame.select(pl.col("row").cast(pl.String), pl.col("loss").cast(pl.Float64))
    return typed.filter(pl.col("loss").is_finite()).unique("row", keep="first", maintain_order=True)


def _mean(losses: pl.Series) -> float:
    return float(losses.to_numpy().mean())
