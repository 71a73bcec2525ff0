"""Two distributions in the same bins: how often values fell there before, and how often now."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from shared_lib.charts.bars import BASELINE, HEIGHT, Bar, axis_ends, place_bars

BAR = 11
GROUP = 26


@dataclass(frozen=True)
class Pair:
    """One bin. Shares are of all values of their side, from 0 to 1."""

    label: str
    before: float
    now: float


def comparison_chart(pairs: Sequence[Pair], *, title: str, description: str) -> str:
    """Bars side by side, at most some 30 pairs; each pair says its shares when it is pointed at.

    Args:
        pairs: finite, non-negative shares.
        title: short; read first by a screen reader.
        description: what can be seen, in a sentence.

    Raises:
        ValueError: a share is negative or not finite.
    """
    width = max(len(pairs), 1) * GROUP
    bars = [Bar(label="", amount=share, shown="") for p in pairs for share in (p.before, p.now)]
    heights = place_bars(bars, room=BASELINE)
    drawn = "".join(
        _pair(pair, x=index * GROUP, heights=heights[2 * index : 2 * index + 2])
        for index, pair in enumerate(pairs)
    )
    ends = axis_ends([pair.label for pair in pairs], width=width)
    return (
        f'<svg class="chart" viewBox="0 0 {width} {HEIGHT}" role="img" '
        f'preserveAspectRatio="xMinYMid meet">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
        f'<line class="axis-line" x1="0" y1="{BASELINE}" x2="{width}" y2="{BASELINE}"/>'
        f"{drawn}{ends}</svg>"
    )


def _pair(pair: Pair, *, x: int, heights: Sequence[float]) -> str:
    said = f"{pair.label}: {pair.before:.1%} before, {pair.now:.1%} now"
    rects = "".join(
        f'<rect class="series-{side + 1}" x="{x + side * BAR}" y="{round(BASELINE - height, 1)}" '
        f'width="{BAR - 1}" height="{height}" rx="1"/>'
        for side, height in enumerate(heights)
    )
    return (
        f'<g class="bar"><title>{escape(said)}</title>'
        f'<rect class="hit" x="{x}" y="0" width="{GROUP}" height="{BASELINE}"/>{rects}</g>'
    )
