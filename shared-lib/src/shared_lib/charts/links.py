"""Two columns and what holds between them: lines as wide as they are strong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import sqrt

WIDTH = 1100
COLUMN = 370
ROW = 30
HEAD = 30
INDENT = 14
BAR = 3
FITS = 36
"""Letters of a title that have room in a row without an indent."""


@dataclass(frozen=True)
class LinkedItem:
    """A row of a column.

    Attributes:
        note: the amount as it is written, at the end of the row.
        amount: how long the bar below the row is, beside the longest of its group.
        indent: how deep in a tree; 0 at the top.
    """

    id: str
    title: str
    note: str
    amount: float
    indent: int = 0
    href: str | None = None


@dataclass(frozen=True)
class LinkedGroup:
    """Rows below one heading. `series` is a colour of the design system, 1 to 4."""

    title: str
    series: int
    items: Sequence[LinkedItem]


@dataclass(frozen=True)
class Link:
    """A line from a row on the left to one on the right; `shown` says what it stands for."""

    source: str
    target: str
    weight: float
    shown: str


@dataclass(frozen=True)
class _Row:
    item: LinkedItem
    series: int
    x: int
    y: float
    most: float


def linked_columns(
    left: LinkedGroup,
    right: Sequence[LinkedGroup],
    links: Sequence[Link],
    *,
    title: str,
    description: str,
    focus: str | None = None,
) -> str:
    """The drawing. On the right the rows of a group stand where fewer lines cross.

    Args:
        left: keeps its order, as a tree does.
        right: groups below one another.
        links: between rows of the two sides.
        focus: the id of a row whose lines alone are drawn strongly.

    Raises:
        KeyError: a link names a row that is not there.
    """
    tall = max(_height([left]), _height(right))
    rows, heads = _place([left], x=4, top=0)
    ordered = [_ordered(group, rows, links) for group in right]
    of_right, more = _place(ordered, x=WIDTH - COLUMN, top=0)
    rows |= of_right
    strongest = max((link.weight for link in links), default=1.0)
    lines = "".join(
        _line(rows[link.source], rows[link.target], link, strongest=strongest, focus=focus)
        for link in sorted(links, key=lambda each: focus in (each.source, each.target))
    )
    drawn = "".join(_row(row, strong=row.item.id == focus) for row in rows.values())
    return (
        f'<svg class="links" viewBox="0 0 {WIDTH} {tall}" width="{WIDTH}" height="{tall}" '
        f'role="group"><title>{escape(title)}</title><desc>{escape(description)}</desc>'
        f"{lines}{heads}{more}{drawn}</svg>"
    )


def _height(groups: Sequence[LinkedGroup]) -> int:
    return sum(HEAD + ROW * len(group.items) for group in groups)


def _place(groups: Sequence[LinkedGroup], *, x: int, top: float) -> tuple[dict[str, _Row], str]:
    rows, heads, y = {}, "", top
    for group in groups:
        heads += f'<text class="link-head" x="{x}" y="{y + 19:.0f}">{escape(group.title)}</text>'
        y += HEAD
        most = max((item.amount for item in group.items), default=0.0) or 1.0
        for item in group.items:
            rows[item.id] = _Row(item=item, series=group.series, x=x, y=y, most=most)
            y += ROW
    return rows, heads


def _ordered(group: LinkedGroup, left: Mapping[str, _Row], links: Sequence[Link]) -> LinkedGroup:
    """By the middle of what each row is linked with; rows without a link stay last."""

    def middle(item: LinkedItem) -> float:
        mine = [link for link in links if link.target == item.id]
        weight = sum(link.weight for link in mine)
        if not weight:
            return float("inf")
        return sum(left[link.source].y * link.weight for link in mine) / weight

    return LinkedGroup(group.title, group.series, sorted(group.items, key=middle))


def _line(source: _Row, target: _Row, link: Link, *, strongest: float, focus: str | None) -> str:
    x1, y1 = source.x + COLUMN - 4, source.y + ROW / 2
    x2, y2 = target.x - 6, target.y + ROW / 2
    middle = (x1 + x2) / 2
    wide = 1 + 6 * sqrt(link.weight / strongest) if strongest > 0 else 1
    strength = ""
    if focus is not None:
        strength = " strong" if focus in (link.source, link.target) else " faint"
    return (
        f'<path class="link line-{target.series}{strength}" stroke-width="{wide:.1f}" '
        f'd="M{x1:.0f} {y1:.0f}C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2:.0f} {y2:.0f}">'
        f"<title>{escape(link.shown)}</title></path>"
    )


def _row(row: _Row, *, strong: bool) -> str:
    item, indent = row.item, min(row.item.indent, 8) * INDENT
    right = row.x + COLUMN - 14
    room = right - row.x - indent
    long = round(room * min(item.amount / row.most, 1.0), 1)
    fits = FITS - 2 * min(item.indent, 8)
    inside = (
        f'<rect class="hit" x="{row.x}" y="{row.y:.0f}" width="{COLUMN - 10}" height="{ROW}"/>'
        f'<text class="link-title{" strong" if strong else ""}" x="{row.x + indent}" '
        f'y="{row.y + 17:.0f}">{escape(_fit(item.title, fits))}</text>'
        f'<text class="link-note" x="{right}" y="{row.y + 17:.0f}" text-anchor="end">'
        f"{escape(item.note)}</text>"
        f'<rect class="series-{row.series}" x="{row.x + indent}" y="{row.y + 23:.0f}" '
        f'width="{long}" height="{BAR}" rx="1"/>'
    )
    if item.href is None:
        return f"<g><title>{escape(item.title)}</title>{inside}</g>"
    label = escape(f"{item.title}: {item.note}")
    return f'<a href="{escape(item.href)}" aria-label="{label}">{inside}</a>'


def _fit(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
