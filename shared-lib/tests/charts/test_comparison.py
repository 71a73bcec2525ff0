"""Two distributions as bars side by side."""

from xml.etree import ElementTree

import pytest

from shared_lib.charts import Pair, comparison_chart

SVG = "{http://www.w3.org/2000/svg}"


def test_bars_are_as_long_as_their_shares() -> None:
    text = comparison_chart(
        [Pair("a<b", 0.5, 0.25), Pair("c", 0.0, 0.001)], title="t & u", description="d"
    )
    whole = text.replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1)
    drawn = ElementTree.fromstring(whole)  # noqa: S314 - our own chart
    bars = [(r.get("class"), float(r.get("height", "0"))) for r in drawn.iter(f"{SVG}rect")]

    assert drawn.findtext(f"{SVG}title") == "t & u"
    assert [bar for bar in bars if bar[0] != "hit"] == [
        ("series-1", 100.0),
        ("series-2", 50.0),
        ("series-1", 0.0),
        ("series-2", 1.0),
    ]
    assert "a<b: 50.0% before, 25.0% now" in "".join(drawn.itertext())


def test_nothing_can_be_drawn_and_a_negative_share_cannot() -> None:
    assert "<rect" not in comparison_chart([], title="t", description="d")
    with pytest.raises(ValueError, match="not negative"):
        comparison_chart([Pair("a", -0.1, 0)], title="t", description="d")
