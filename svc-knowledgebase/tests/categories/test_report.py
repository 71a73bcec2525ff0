"""Precision, coverage and calibration, counted by hand."""

import numpy as np
import pytest

from shared_lib.contracts.groups import Taxonomy
from svc_knowledgebase.categories.report import (
    by_category,
    calibration_error,
    curve,
    margin_for,
    reliability,
)
from svc_knowledgebase.categories.taxonomy import label_records, readable

LEAD = np.array([0.9, 0.6, 0.3, 0.1])
RIGHT = np.array([True, True, False, True])


def test_the_curve() -> None:
    points = {each.margin: (each.coverage, each.precision) for each in curve(LEAD, RIGHT)}
    assert points[0.0] == (1, 0.75)
    assert points[0.2] == (0.75, 0.6667)
    assert points[0.5] == (0.5, 1)
    assert max(points) == 0.9
    assert margin_for(curve(LEAD, RIGHT), precision=0.9) == pytest.approx(0.35)
    never = curve(LEAD, np.array([False, True, False, False]))
    assert margin_for(never, precision=0.9) == 0.35


def test_calibration() -> None:
    tenths = reliability(np.array([0.95, 0.91, 0.5, 1.0]), np.array([True, True, False, True]))
    assert [(each.count, each.accuracy) for each in tenths] == [(1, 0), (3, 1)]
    assert calibration_error(tenths) == pytest.approx((0.5 + 3 * (1 - 2.86 / 3)) / 4, abs=1e-4)


def test_each_category() -> None:
    best, labels = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    first, second, third = by_category(
        ["a", "b", "c"], best, labels, np.array([True, True, True, False])
    )
    assert (first.precision, first.recall, first.labelled) == (0.5, 1, 1)
    assert (second.precision, second.recall) == (1, 0.3333)
    assert (third.precision, third.recall, third.labelled) == (None, None, 0)


def test_the_depth_is_where_folders_part() -> None:
    folders = [["docs", "a", "x"]] * 3 + [["docs", "b"]] * 3 + [["docs", "c"]] * 2 + [["docs"]]
    found = label_records(Taxonomy(), folders, ["words"] * 9)
    assert [each.id for each in found.categories] == ["docs/a", "docs/b"]
    assert found.labels.tolist() == [0, 0, 0, 1, 1, 1, -1, -1, -1]
    deeper = label_records(Taxonomy(depth=3), folders, ["words"] * 9)
    assert [each.id for each in deeper.categories] == ["docs/a/x"]
    assert label_records(Taxonomy(), [], []).categories == ()
    assert readable("a/reset_valves-2025") == "reset valves 2025"
