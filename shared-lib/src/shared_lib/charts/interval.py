"""An interval on a line: where a difference lies, and what it would have to stay below."""

from dataclasses import dataclass
from html import escape
from math import isfinite

WIDTH, HEIGHT = 480, 96
LEFT, RIGHT = 24, 24
LINE = 46


@dataclass(frozen=True)
class Interval:
    """A difference with its bounds; `low <= middle <= high` is usual and not needed.

    Attributes:
        bound: what `high` must stay below for the difference to count.
        shown: how low, high and bound are written.
    """

    low: float
    middle: float
    high: float
    bound: float
    shown: tuple[str, str, str]


def interval_chart(interval: Interval, *, title: str, description: str) -> str:
    """The interval as a bar with its middle, and the bound as an upright line.

    Args:
        interval: finite numbers.
        title: short; read first by a screen reader.
        description: what can be seen, in a sentence.

    Raises:
        ValueError: a number is not finite.
    """
    numbers = (interval.low, interval.middle, interval.high, interval.bound)
    if not all(isfinite(number) for number in numbers):
        raise ValueError("an interval is drawn of finite numbers")
    least, most = min(numbers), max(numbers)
    room = (most - least) or 1.0

    def place(number: float) -> float:
        return round(LEFT + (number - least) / room * (WIDTH - LEFT - RIGHT), 1)

    low, middle, high, bound = (place(number) for number in numbers)
    said_low, said_high, said_bound = (escape(each) for each in interval.shown)
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'preserveAspectRatio="xMinYMid meet">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
        f'<line class="axis-line" x1="0" y1="{LINE}" x2="{WIDTH}" y2="{LINE}"/>'
        f'<rect class="series-1" x="{min(low, high)}" y="{LINE - 7}" '
        f'width="{max(round(abs(high - low), 1), 1)}" height="14" rx="3"/>'
        f'<line class="edge" x1="{middle}" y1="{LINE - 12}" x2="{middle}" y2="{LINE + 12}"/>'
        f'<line class="edge" x1="{bound}" y1="20" x2="{bound}" y2="{LINE + 20}"/>'
        f"{_label(bound, 14, said_bound)}"
        f"{_label(LEFT, HEIGHT - 8, f'from {said_low}')}"
        f"{_label(WIDTH - RIGHT, HEIGHT - 8, f'to {said_high}')}</svg>"
    )


def _label(x: float, y: float, text: str) -> str:
    """Beside its place, on the side that has room."""
    anchor = "end" if x > WIDTH / 2 else "start"
    return f'<text class="axis" x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>'
