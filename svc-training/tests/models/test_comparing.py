"""Whether a challenger is better: what is so is found, what is not is not, and it is repeatable."""

from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from svc_training.models.comparing import compare, interval


def predictions(path: Path, losses: np.ndarray, *, first: int = 0) -> Path:
    rows = [f"r{number}" for number in range(first, first + len(losses))]
    pl.DataFrame({"row": rows, "loss": losses}).write_parquet(path)
    return path


def test_a_better_model_wins_and_the_same_one_does_not(tmp_path: Path) -> None:
    losses = np.random.default_rng(1).exponential(1.0, 500)
    old = predictions(tmp_path / "old", losses)
    better = predictions(tmp_path / "better", losses * 0.9)

    won = compare(old, better, champion_version=3, margin=0)
    assert (won.promoted, won.rule, won.champion) == (True, "better", 3)
    assert won.comparison is not None
    assert won.comparison.rows == 500
    assert won.comparison.high < 0
    assert won == compare(old, better, champion_version=3, margin=0)
    # Ten per cent better is not better by twenty.
    assert not compare(old, better, champion_version=3, margin=0.2).promoted
    same = compare(old, old, champion_version=3, margin=0)
    assert (same.promoted, same.rule) == (False, "not_better")
    assert "against" in same.reason
    assert not compare(better, old, champion_version=3, margin=0).promoted


def test_noise_wins_seldom(tmp_path: Path) -> None:
    wins = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        hard = random.exponential(1.0, 200)
        old = predictions(tmp_path / "old", hard + random.normal(0, 0.2, 200))
        new = predictions(tmp_path / "new", hard + random.normal(0, 0.2, 200))
        wins += compare(old, new, champion_version=1, margin=0).promoted
    # One-sided 2.5 %: of 60 more than 6 would come once in two thousand times.
    assert wins <= 6


def test_what_cannot_be_compared_does_not_win(tmp_path: Path) -> None:
    old = predictions(tmp_path / "old", np.ones(100))
    other = predictions(tmp_path / "other", np.zeros(100), first=90)
    few = compare(old, other, champion_version=1, margin=0)
    assert (few.promoted, few.rule) == (False, "not_comparable")
    assert "shares 10 test rows" in few.reason
    nothing = predictions(tmp_path / "nothing", np.full(100, np.nan))
    assert compare(old, nothing, champion_version=1, margin=0).rule == "not_comparable"
    (tmp_path / "broken").write_bytes(b"no parquet")
    broken = compare(old, tmp_path / "broken", champion_version=1, margin=0)
    assert "cannot be read" in broken.reason


@settings(max_examples=25)
@given(st.lists(st.floats(-100, 100), min_size=30, max_size=60))
def test_the_interval_holds_the_mean(values: list[float]) -> None:
    differences = np.array(values)
    low, high = interval(differences)
    assert low <= high
    assert differences.min() - 1e-9 <= low
    assert high <= differences.max() + 1e-9
    moved_low, moved_high = interval(differences + 10)
    assert np.allclose([moved_low, moved_high], [low + 10, high + 10])
