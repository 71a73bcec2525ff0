"""Shares against shares."""

import re

from shared_lib.charts import CurvePlace, share_curve


def test_the_line_goes_through_its_places() -> None:
    places = [CurvePlace(1.0, 0.85, "a<b"), CurvePlace(0.5, 1.0, "margin 0.5")]
    text = share_curve(places, axes=("right", "up"), title="t & u", description="d", marked=1)
    assert re.findall(r'points="([^"]*)"', text) == ["408.0,168.0 226.0,12.0"]
    assert "a&lt;b" in text
    assert "t &amp; u" in text
    assert text.count("series-2") == 1
    assert ">80%<" in text
    assert "stroke-dasharray" not in text


def test_the_ideal_is_from_nothing_to_all() -> None:
    text = share_curve(
        [CurvePlace(0.2, 0.3, "x")], axes=("a", "b"), title="t", description="d", ideal=True
    )
    assert 'stroke-dasharray="4 4" x1="44.0" y1="220.0" x2="408.0" y2="12.0"' in text


def test_all_right_is_drawn_below_the_top() -> None:
    text = share_curve([CurvePlace(1, 1, "x")], axes=("a", "b"), title="t", description="d")
    assert 'points="408.0,12.0"' in text
