"""Bars: histograms, and amounts by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite

HEIGHT = 120
BASELINE = 100
BAR = 20
GAP = 2


@dataclass(frozen=True)
class Bar:
    """One bar: what it stands for, how long it is, and how the amount is written."""

    label: str
    amount: float
    shown: str


def bar_chart(bars: Sequence[Bar], *, title: str, description: str) -> str:
    """A chart of at most some 60 bars; each says its amount when it is pointed at.

    Args:
        bars: finite, non-negative amounts.
        title: short; read first by a screen reader.
        description: what can be seen, in a sentence.

    Raises:
        ValueError: an amount is negative or not finite.
    """
    width = max(len(bars), 1) * (BAR + GAP)
    placed = [
        (bar, index * (BAR + GAP), round(BASELINE - height, 1), height)
        for index, (bar, height) in enumerate(
            zip(bars, place_bars(bars, room=BASELINE), strict=True)
        )
    ]
    drawn = "".join(
        f'<g class="bar"><title>{escape(bar.label)}: {escape(bar.shown)}</title>'
        f'<rect class="hit" x="{x}" y="0" width="{BAR}" height="{BASELINE}"/>'
        f'<rect class="series-1" x="{x}" y="{y}" width="{BAR}" height="{height}" rx="2"/></g>'
        for bar, x, y, height in placed
    )
    ends = axis_ends([bar.label for bar in bars], width=width - GAP)
    return (
        f'<svg class="chart" viewBox="0 0 {width} {HEIGHT}" role="img" '
        f'preserveAspectRatio="xMinYMid meet">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
        f'<line class="axis-line" x1="0" y1="{BASELINE}" x2="{width}" y2="{BASELINE}"/>'
        f"{drawn}{ends}</svg>"
    )


def sparkline(amounts: Sequence[float], *, title: str) -> str:
    """A tiny chart for a table's cell; one path however many amounts.

    Raises:
        ValueError: an amount is negative or not finite.
    """
    width, height = 80, 20
    highest = max(_checked(amounts), default=0.0)
    step = width / max(len(amounts), 1)
    path = "".join(
        f"M{index * step:.1f} {height}v{-_length(amount, highest, height):.1f}"
        f"h{max(step - 1, 1):.1f}V{height}z"
        for index, amount in enumerate(amounts)
    )
    return (
        f'<svg class="sparkline" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img"><title>{escape(title)}</title>'
        f'<path class="series-1" d="{path}"/></svg>'
    )


def place_bars(bars: Sequence[Bar], *, room: float) -> list[float]:
    """How long each bar is drawn, in proportion to the longest.

    Raises:
        ValueError: an amount is negative or not finite.
    """
    highest = max(_checked([bar.amount for bar in bars]), default=0.0)
    return [round(_length(bar.amount, highest, room), 1) for bar in bars]


def _length(amount: float, highest: float, room: float) -> float:
    """In proportion; what is not nothing is at least one unit long, so that it can be seen."""
    if amount <= 0 or highest <= 0:
        return 0.0
    return max(amount / highest * room, 1.0)


def _checked(amounts: Sequence[float]) -> Sequence[float]:
    if any(not isfinite(amount) or amount < 0 for amount in amounts):
        raise ValueError("a bar's amount is a finite number that is not negative")
    return amounts


def axis_ends(labels: Sequence[str], *, width: int) -> str:
    """The first and the last label below a chart; nothing when there is no bar."""
    if not labels:
        return ""
    return (
        f'<text class="axis" x="0" y="{HEIGHT - 5}">{escape(_short(labels[0]))}</text>'
        f'<text class="axis" x="{width}" y="{HEIGHT - 5}" text-anchor="end">'
        f"{escape(_short(labels[-1]))}</text>"
    )


def _short(label: str, limit: int = 14) -> str:
    return label if len(label) <= limit else label[: limit - 1] + "…"
