"""A map of points in groups: thousands of them in one path a group, named where they lie.

Only four colours can be told apart by everybody, so near groups get different ones, and what a
group is is said by its number and name on the map, not by its colour.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import dist
from statistics import median

WIDTH, HEIGHT, EDGE = 640, 480, 16
COLORS = 4
MARKER = 13
APART = 46
"""Between the middles of two markers: also on a phone each can be hit alone."""
MARKED = 24
LETTER = 7.0
NAME_HEIGHT = 16
FEW = 1_500

Point = tuple[float, float]


@dataclass(frozen=True)
class PointGroup:
    """Points that belong together.

    Attributes:
        number: stands on the marker.
        name: short; stands beside it where there is room.
        said: what is shown when its points are pointed at.
        href: where its marker leads.
        points: from 0 to 1, right and down.
    """

    number: int
    name: str
    said: str
    href: str
    points: Sequence[Point]


def point_map(
    groups: Sequence[PointGroup], *, others: Sequence[Point] = (), title: str, description: str
) -> str:
    """The map as SVG. The first 24 groups are marked; give them by importance.

    Args:
        groups: each with at least one point.
        others: points of no group, drawn small.
        title: short; read first by a screen reader.
        description: what can be seen, in a sentence.
    """
    frame = _Frame.around([p for each in (*(g.points for g in groups), others) for p in each])
    middles = [frame.place((median(x), median(y))) for x, y in map(_axes, groups)]
    colors = _colors(middles)
    few = sum(len(group.points) for group in groups) + len(others) <= FEW
    paths = [f'<path class="dots none" d="{_path(others, frame)}"/>'] if others else []
    paths += [
        f'<path class="dots line-{color}" d="{_path(group.points, frame)}">'
        f"<title>{escape(group.said)}</title></path>"
        for group, color in zip(groups, colors, strict=True)
    ]
    markers = "".join(_markers(groups[:MARKED], middles[:MARKED], colors))
    return (
        f'<svg class="map{" few" if few else ""}" viewBox="0 0 {WIDTH} {HEIGHT}" role="group" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title>'
        f"<desc>{escape(description)}</desc>{''.join(paths)}{markers}</svg>"
    )


@dataclass(frozen=True)
class _Frame:
    """The part of the square that has points fills the drawing."""

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def around(cls, points: Sequence[Point]) -> "_Frame":
        across, down = [x for x, _ in points] or [0.0], [y for _, y in points] or [0.0]
        return cls(
            min(across), min(down), max(across) - min(across) or 1, max(down) - min(down) or 1
        )

    def place(self, point: Point) -> tuple[int, int]:
        x, y = (point[0] - self.left) / self.width, (point[1] - self.top) / self.height
        return round(EDGE + x * (WIDTH - 2 * EDGE)), round(EDGE + y * (HEIGHT - 2 * EDGE))


def _axes(group: PointGroup) -> tuple[list[float], list[float]]:
    return [x for x, _ in group.points], [y for _, y in group.points]


def _path(points: Sequence[Point], frame: _Frame) -> str:
    """Strokes without length, which round caps make dots; each from the one before it."""
    parts, before = list[str](), (0, 0)
    for place in sorted({frame.place(point) for point in points}):
        right, down = place[0] - before[0], place[1] - before[1]
        parts.append(f"m{right}{'' if down < 0 else ' '}{down}h0")
        before = place
    return "".join(parts)


def _colors(middles: Sequence[tuple[int, int]]) -> list[int]:
    """A colour of four for each: that whose nearest bearer is farthest away."""
    chosen: list[int] = []
    for middle in middles:
        room = [
            min(
                (dist(middle, other) for other, c in zip(middles, chosen, strict=False)
                 if c == color),
                default=float(WIDTH * (COLORS + 1 - color)),
            )
            for color in range(1, COLORS + 1)
        ]  # fmt: skip
        chosen.append(room.index(max(room)) + 1)
    return chosen


def _markers(
    groups: Sequence[PointGroup], middles: Sequence[tuple[int, int]], colors: Sequence[int]
) -> Iterator[str]:
    places = _apart(middles)
    taken = [(x - MARKER, y - MARKER, x + MARKER, y + MARKER) for x, y in places]
    for group, (x, y), color in zip(groups, places, colors, strict=False):
        yield (
            f'<a href="{escape(group.href)}" aria-label="{escape(f"{group.number} {group.name}")}">'
            f"<title>{escape(group.said)}</title>"
            f'<circle class="marker line-{color}" cx="{x}" cy="{y}" r="{MARKER}"/>'
            f'<text class="marker-number" x="{x}" y="{y + 4}" text-anchor="middle">{group.number}'
            f"</text>{_name(group.name, x, y, taken)}</a>"
        )


def _apart(middles: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Places as near to the middles as they can be with room between them."""
    kept: list[tuple[int, int]] = []
    for x, y in middles:
        rings = (
            (right, down)
            for ring in range(40)
            for right in range(-ring, ring + 1)
            for down in range(-ring, ring + 1)
            if max(abs(right), abs(down)) == ring
        )
        for right, down in rings:
            place = (
                min(max(x + right * 8, MARKER + 2), WIDTH - MARKER - 2),
                min(max(y + down * 8, MARKER + 2), HEIGHT - MARKER - 2),
            )
            if all(dist(place, other) >= APART for other in kept):
                break
        kept.append(place)
    return kept


def _name(name: str, x: int, y: int, taken: list[tuple[int, int, int, int]]) -> str:
    """Beside its marker where nothing else stands; else nowhere: the number is there."""
    long = round(len(name) * LETTER)
    choices = (
        (x + MARKER + 4, y, "start", x + MARKER + 4),
        (x - MARKER - 4, y, "end", x - MARKER - 4 - long),
        (x, y + MARKER + 10, "middle", x - long // 2),
        (x, y - MARKER - 10, "middle", x - long // 2),
    )
    for at_x, at_y, anchor, left in choices:
        box = (left, at_y - NAME_HEIGHT // 2, left + long, at_y + NAME_HEIGHT // 2)
        if box[0] < 0 or box[2] > WIDTH or box[1] < 0 or box[3] > HEIGHT:
            continue
        if not any(_touch(box, other) for other in taken):
            taken.append(box)
            return (
                f'<text class="marker-name" x="{at_x}" y="{at_y + 4}" text-anchor="{anchor}">'
                f"{escape(name)}</text>"
            )
    return ""


def _touch(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
