"""Thousands of points in a path a group; markers that can be hit, and names that can be read."""

import random
import re
from itertools import combinations
from math import dist
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from shared_lib.charts import PointGroup, point_map

SVG = "{http://www.w3.org/2000/svg}"
shares = st.floats(0, 1)


def drawn(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text.replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1))  # noqa: S314 - our own chart


def group(number: int, points: list[tuple[float, float]]) -> PointGroup:
    return PointGroup(number, f"n<{number}", f"{number} & more", f"/c?a=1&b={number}", points)


def markers(tree: ElementTree.Element) -> list[tuple[float, float]]:
    return [(float(c.get("cx", "")), float(c.get("cy", ""))) for c in tree.iter(f"{SVG}circle")]


@given(st.lists(st.lists(st.tuples(shares, shares), min_size=1, max_size=5), max_size=30))
def test_markers_keep_apart_and_inside(given_points: list[list[tuple[float, float]]]) -> None:
    groups = [group(number, points) for number, points in enumerate(given_points, start=1)]
    tree = drawn(point_map(groups, others=[(0.5, 0.5)], title="t", description="d"))
    places = markers(tree)
    assert len(places) == min(len(groups), 24)
    assert all(0 < x < 640 and 0 < y < 480 for x, y in places)
    assert all(dist(one, other) >= 46 for one, other in combinations(places, 2))
    assert len(list(tree.iter(f"{SVG}path"))) == len(groups) + 1
    links = [a.get("href") for a in tree.iter(f"{SVG}a")]
    assert links == [f"/c?a=1&b={number + 1}" for number in range(len(places))]


def test_every_point_is_a_dot_where_it_lies() -> None:
    text = point_map([group(1, [(0, 0), (1, 1), (0.5, 0)])], title="t", description="d")
    (path,) = re.findall(r' d="([^"]*)"', text)
    place, places = (0, 0), []
    for right, down in re.findall(r"m(-?\d+) ?(-?\d+)h0", path):
        place = (place[0] + int(right), place[1] + int(down))
        places.append(place)
    assert places == [(16, 16), (320, 16), (624, 464)]


def test_near_groups_have_colors_of_their_own() -> None:
    near = [group(n, [(n / 100, 0.0), (n / 100, 1.0)]) for n in range(1, 5)]
    colors = re.findall(r"dots line-(\d)", point_map(near, title="t", description="d"))
    assert sorted(colors) == ["1", "2", "3", "4"]


def test_five_thousand_points_are_small() -> None:
    places = random.Random(1)
    groups = [group(n, [(places.random(), places.random()) for _ in range(250)]) for n in range(20)]
    text = point_map(groups, title="t", description="d")
    assert len(text) < 70_000
    assert text.count("<") < 400


def test_nothing_to_draw() -> None:
    assert "path" not in point_map([], title="t", description="d")
