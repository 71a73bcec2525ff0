"""An interval is drawn inside its picture, and says only what it was given."""

import math
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_lib.charts import Interval, interval_chart

numbers = st.floats(-1e6, 1e6)


@given(numbers, numbers, numbers, numbers, st.text("<&>\"'ab", max_size=8))
def test_everything_stands_inside(
    low: float, middle: float, high: float, bound: float, said: str
) -> None:
    given_one = Interval(low=low, middle=middle, high=high, bound=bound, shown=(said, said, said))
    drawn = ElementTree.fromstring(interval_chart(given_one, title=said, description=said))  # noqa: S314 - our own
    width = float(drawn.attrib["viewBox"].split()[2])
    for each in drawn:
        for name in ("x", "x1", "x2"):
            assert 0 <= float(each.attrib.get(name, 0)) <= width
    assert [each.text or "" for each in drawn.iter("text")] == [said, f"from {said}", f"to {said}"]


def test_what_is_not_finite_is_refused() -> None:
    odd = Interval(low=math.nan, middle=0, high=1, bound=0, shown=("", "", ""))
    with pytest.raises(ValueError, match="finite"):
        interval_chart(odd, title="", description="")
