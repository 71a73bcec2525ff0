"""Numbers as people read them. Pure functions."""

import math
import unicodedata
from collections.abc import Sequence

_SIZE_UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")
_BARS = "▁▂▃▄▅▆▇█"
MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"


def format_count(value: int) -> str:
    """An integer with commas between thousands."""
    return f"{value:,}"


def format_bytes(value: float) -> str:
    """Three digits and a decimal unit: ``999 B``, ``1.00 kB``, ``412 MB``."""
    if abs(value) < 999.5:
        return f"{value:.0f} B"
    scaled, power = value / 1000, 0
    while abs(scaled) >= 999.5 and power + 1 < len(_SIZE_UNITS):
        scaled, power = scaled / 1000, power + 1
    return f"{_three_digits(scaled)} {_SIZE_UNITS[power]}"


def _three_digits(value: float) -> str:
    size = abs(value)
    if size < 9.995:
        return f"{value:.2f}"
    return f"{value:.1f}" if size < 99.95 else f"{value:,.0f}"


def format_rate(value: float, *, unit: str) -> str:
    """Units a second; `bytes` are scaled."""
    if unit == "bytes":
        return f"{format_bytes(value)}/s"
    return f"{value:,.0f} {unit}/s" if value >= 10 else f"{value:.1f} {unit}/s"


def format_duration(seconds: float) -> str:
    """Two parts at most: ``40 ms``, ``3.1 s``, ``2 min 05 s``, ``1 h 02 min``, ``3 d 04 h``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = whole // 60
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    hours = minutes // 60
    return f"{hours // 24} d {hours % 24:02d} h"


def format_share(part: float, whole: float) -> str:
    """`part` of `whole` in percent; at the edges it never claims "all" or "none" wrongly."""
    if whole <= 0 or part == 0:
        return "0 %"
    percent = 100 * part / whole
    if percent < 0.1:
        return "<0.1 %"
    if part < whole and percent > 99.9:
        return ">99.9 %"
    return f"{percent:.1f} %".replace(".0 %", " %")


def format_change(before: float, after: float) -> str:
    """How much was saved or added, in whole percent, with a sign."""
    if before <= 0:
        return "±0 %"
    percent = round(100 * (after - before) / before)
    if percent == 0:
        return "±0 %"
    return f"{MINUS if percent < 0 else '+'}{abs(percent)} %"


def count_of(number: int, noun: str, *, plural: str | None = None) -> str:
    """``1 file``, ``2 files``."""
    return f"{format_count(number)} {noun if number == 1 else plural or noun + 's'}"


def format_shape(rows: int, columns: int) -> str:
    """``1,000,000 rows`` by ``25 columns``."""
    return f"{count_of(rows, 'row')} {TIMES} {count_of(columns, 'column')}"


def sparkline(counts: Sequence[float]) -> str:
    """One bar a count, scaled to the greatest; the least of what is not zero is still seen."""
    top = max(counts, default=0)
    if top <= 0:
        return _BARS[0] * len(counts)
    last = len(_BARS) - 1
    return "".join(
        _BARS[0] if count <= 0 else _BARS[max(1, math.ceil(last * count / top))] for count in counts
    )


def printable(text: str) -> str:
    """The text with what would steer a terminal made visible: names come from strangers' files."""
    if text.isprintable():
        return text
    return "".join(_visible(letter) for letter in text)


def _visible(letter: str) -> str:
    # Cc: controls, such as the escape that begins a terminal command. Cf: invisible marks, among
    # them those that turn the reading direction. Zl, Zp: line ends other than a line feed.
    if unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp", "Cs"):
        return letter.encode("unicode_escape").decode("ascii")
    return letter


def tab_separated(cells: Sequence[str]) -> str:
    r"""One line; a tab, line end or backslash inside a cell is written ``\t``, ``\n``, ``\\``."""
    return "\t".join(
        cell.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
        for cell in cells
    )
