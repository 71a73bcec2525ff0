"""Two columns with lines between them stand inside their picture and say what they are given."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_lib.charts import Link, LinkedGroup, LinkedItem, linked_columns

words = st.text("<&>\"'ab ", max_size=50)


def items(side: str, count: int, said: str) -> list[LinkedItem]:
    return [
        LinkedItem(id=f"{side}{n}", title=said, note=said, amount=n, indent=n, href=said or None)
        for n in range(count)
    ]


@given(left=st.integers(1, 12), right=st.integers(1, 12), said=words, data=st.data())
def test_everything_stands_inside(left: int, right: int, said: str, data: st.DataObject) -> None:
    pairs = data.draw(st.lists(st.tuples(st.integers(0, left - 1), st.integers(0, right - 1))))
    links = [Link(f"l{a}", f"r{b}", weight=1 + a, shown=said) for a, b in pairs]
    focus = data.draw(st.sampled_from([None, "l0", "r0"]))
    drawn = ElementTree.fromstring(  # noqa: S314 - our own
        linked_columns(
            LinkedGroup("Left", 1, items("l", left, said)),
            [LinkedGroup("Right", 2, items("r", right, said))],
            links,
            title=said,
            description=said,
            focus=focus,
        )
    )
    _, _, width, height = map(float, drawn.attrib["viewBox"].split())
    for each in drawn.iter():
        x, y = float(each.attrib.get("x", 0)), float(each.attrib.get("y", 0))
        assert 0 <= x <= x + float(each.attrib.get("width", 0) if x else 0) <= width
        assert 0 <= y <= height
    lines = [each for each in drawn if "link" in each.attrib.get("class", "").split()]
    assert len(lines) == len(links)
    strong = sum("strong" in line.attrib["class"] for line in lines)
    assert strong == sum(focus in (link.source, link.target) for link in links)


def test_rows_on_the_right_stand_where_fewer_lines_cross() -> None:
    left, right = items("l", 3, "a"), items("r", 3, "b")
    links = [Link(f"l{n}", f"r{2 - n}", weight=1, shown="") for n in range(3)]
    drawn = linked_columns(
        LinkedGroup("L", 1, left), [LinkedGroup("R", 2, right)], links, title="", description=""
    )
    for path in ElementTree.fromstring(drawn).iter("path"):  # noqa: S314 - our own
        ends = path.attrib["d"].split()
        assert ends[1].partition("C")[0] == ends[-1], "every line is level"


def test_a_line_to_nowhere_is_refused() -> None:
    with pytest.raises(KeyError):
        linked_columns(
            LinkedGroup("L", 1, items("l", 1, "a")), [], [Link("l0", "r0", weight=1, shown="")],
            title="", description="",
        )  # fmt: skip
