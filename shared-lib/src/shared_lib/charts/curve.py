"""A curve of shares against shares, such as precision by coverage."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor

WIDTH, HEIGHT = 420, 260
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 40


@dataclass(frozen=True)
class CurvePlace:
    """A point of the curve; both shares are from 0 to 1."""

    x: float
    y: float
    said: str


def share_curve(
    places: Sequence[CurvePlace],
    *,
    axes: tuple[str, str],
    title: str,
    description: str,
    marked: int | None = None,
    ideal: bool = False,
) -> str:
    """A line with a dot for each place; each says what it is when it is pointed at.

    Args:
        places: in the order of the line; at least one.
        axes: what goes right, and what goes up.
        title: short; read first by a screen reader.
        description: what can be seen, in a sentence.
        marked: the place that is in force.
        ideal: also draw where both shares are the same.
    """
    least = 0.0 if ideal else floor(min(place.y for place in places) * 10) / 10
    least = min(least, 0.9)

    def at(x: float, y: float) -> tuple[float, float]:
        up = (float(y) - least) / (1 - least)
        return (
            round(LEFT + float(x) * (WIDTH - LEFT - RIGHT), 1),
            round(HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM), 1),
        )

    drawn = [at(place.x, place.y) for place in places]
    line = " ".join(f"{x},{y}" for x, y in drawn)
    dots = "".join(
        f'<g class="bar"><title>{escape(place.said)}</title><circle class="hit" cx="{x}" cy="{y}" '
        f'r="9"/><circle class="series-{2 if index == marked else 1}" cx="{x}" cy="{y}" '
        f'r="{6 if index == marked else 3}"/></g>'
        for index, (place, (x, y)) in enumerate(zip(places, drawn, strict=True))
    )
    ends = (at(least, least), at(1, 1))
    same = (
        f'<line class="edge" stroke-dasharray="4 4" x1="{ends[0][0]}" y1="{ends[0][1]}" '
        f'x2="{ends[1][0]}" y2="{ends[1][1]}"/>'
        if ideal
        else ""
    )
    return (
        f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
        f'{_frame(least, axes)}{same}<polyline class="edge" points="{line}"/>{dots}</svg>'
    )


def _frame(least: float, axes: tuple[str, str]) -> str:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    lines, steps = list[str](), 4
    for step in range(steps + 1):
        y = round(bottom - step / steps * (bottom - TOP), 1)
        lines.append(f'<line class="axis-line" x1="{LEFT}" y1="{y}" x2="{right}" y2="{y}"/>')
        share = least + (1 - least) * step / steps
        lines.append(_text(LEFT - 6, y + 4, "end", f"{share:.0%}"))
        x = round(LEFT + step / steps * (right - LEFT), 1)
        anchor = "end" if step == steps else "middle"
        lines.append(_text(x, bottom + 16, anchor, f"{step / steps:.0%}"))
    lines.append(_text((LEFT + right) / 2, HEIGHT - 6, "middle", axes[0]))
    lines.append(_text(LEFT + 4, TOP + 12, "start", axes[1]))
    return "".join(lines)


def _text(x: float, y: float, anchor: str, words: str) -> str:
    return f'<text class="axis" x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'
