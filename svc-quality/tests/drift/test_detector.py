"""What has drifted is found, what has not is left alone, and what cannot be compared says so."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from quality_tables import judged, sales, statuses, table

from svc_quality.drift import detector

DRIFT = {"check": "drift"}


def test_a_shift_of_a_tenth_of_a_deviation_is_found_and_nothing_else(tmp_path: Path) -> None:
    reference = table(tmp_path, sales(20_000, seed=1), name="reference")
    for seed in range(2, 7):
        shifted = table(tmp_path, sales(20_000, seed=seed, shift=0.1), name="shifted")
        found = statuses(judged(shifted, DRIFT, reference=reference))
        assert {name for name, status in found.items() if status != "passed"} == {"drift:amount"}


def test_what_has_not_changed_seldom_alarms(tmp_path: Path) -> None:
    """A small version of benchmarks/drift.py."""
    alarms = 0
    for seed in range(0, 40, 2):
        pair = [
            table(tmp_path, sales(1000, seed=seed + side), name=f"side{side}") for side in (0, 1)
        ]
        alarms += judged(pair[1], DRIFT, reference=pair[0]).verdict != "passed"
    assert alarms <= 1


@pytest.mark.parametrize(("shift", "verdict"), [(0.1, "warned"), (0.4, "failed")])
def test_a_small_effect_warns_and_a_larger_one_fails(
    shift: float, verdict: str, tmp_path: Path
) -> None:
    reference = table(tmp_path, sales(20_000, seed=1), name="reference")
    shifted = table(tmp_path, sales(20_000, seed=2, shift=shift), name="shifted")
    report = judged(shifted, DRIFT, reference=reference)

    assert report.verdict == verdict
    (reason,) = report.reasons
    assert "standard deviations" in reason
    assert "of values before" in reason
    lenient = judged(shifted, {**DRIFT, "severity": "warn"}, reference=reference)
    assert lenient.verdict == "warned"


def test_columns_drift_in_categories_gaps_and_lengths(tmp_path: Path) -> None:
    before, now = sales(5000, seed=1), sales(5000, seed=2)
    now["city"] = ["Ulm" if row % 3 else city for row, city in enumerate(now["city"])]
    now["amount"] = [None if row % 4 == 0 else value for row, value in enumerate(now["amount"])]
    now["note"] = [f"{note} and more of it, at length" for note in now["note"]]
    found = statuses(
        judged(
            table(tmp_path, now, name="now"), DRIFT, reference=table(tmp_path, before, name="then")
        )
    )
    assert {name for name, status in found.items() if status != "passed"} == {
        "drift:city",
        "drift:city:nulls",
        "drift:amount:nulls",
        "drift:note:length",
    }


def test_what_moves_by_nature_is_compared_only_when_it_is_named(tmp_path: Path) -> None:
    first = datetime.fromisoformat("2026-01-01")

    def columns(start: int) -> dict[str, Any]:
        return {
            "id": list(range(start, start + 300)),
            "key": [f"k{row}" for row in range(start, start + 300)],
            "at": [first + timedelta(hours=start + row) for row in range(300)],
        }

    sides = table(tmp_path, columns(0), name="a"), table(tmp_path, columns(300), name="b")
    assert judged(sides[1], DRIFT, reference=sides[0]).verdict == "passed"
    named = judged(sides[1], {**DRIFT, "columns": ["id", "at"]}, reference=sides[0])
    assert statuses(named) == {"drift:id": "failed", "drift:at": "failed"}


def test_a_column_that_is_gone_or_of_another_type_fails(tmp_path: Path) -> None:
    sides = (
        table(tmp_path, {"a": [1, 2], "b": [1, 2]}, name="a"),
        table(tmp_path, {"a": ["1", "2"]}, name="b"),
    )
    named = {**DRIFT, "columns": ["a", "b"]}
    report = judged(sides[1], named, reference=sides[0])

    assert statuses(report) == {"drift:a": "failed", "drift:b": "failed"}
    assert report.reasons == [
        "a was int64 in the reference and is string now.",
        "There is no column b now.",
    ]


def test_a_column_without_values_or_finite_numbers_is_no_drift(tmp_path: Path) -> None:
    sides = (
        table(tmp_path, {"x": [1.0, 2.0], "y": [1.0, 2.0]}, name="a"),
        table(tmp_path, {"x": [float("inf")] * 2, "y": [1.0, None]}, name="b"),
    )
    found = statuses(judged(sides[1], DRIFT, reference=sides[0]))
    assert set(found.values()) == {"passed"}


def test_a_sample_is_the_same_each_time_and_not_far_from_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detector, "SAMPLE_ROWS", 1000)
    large = table(tmp_path, {"x": np.arange(20_000)})
    first, second = detector.sample(large, "x"), detector.sample(large, "x")

    assert first.to_list() == second.to_list()
    assert 850 < len(first) < 1150
    assert abs(first.mean() / 10_000 - 1) < 0.1  # type: ignore[operator]
