"""A graph of boxes in columns, drawn on the server; every box may be a link."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 124, 52
COLUMN, ROW = 142, 68
MARGIN = 4


@dataclass(frozen=True)
class GraphNode:
    """A box. `state` is a class of the design system: ok, warn, bad, running or queued."""

    id: str
    column: int
    row: int
    title: str
    note: str
    state: str
    href: str | None = None


@dataclass(frozen=True)
class GraphEdge:
    """An arrow between two boxes, by their ids."""

    source: str
    target: str


def layered_graph(
    nodes: Sequence[GraphNode], edges: Sequence[GraphEdge], *, title: str, description: str
) -> str:
    """The drawing; boxes stand where their column and row say.

    Raises:
        KeyError: an edge names a box that is not there.
    """
    placed = {node.id: node for node in nodes}
    columns = max((node.column for node in nodes), default=0) + 1
    rows = max((node.row for node in nodes), default=0) + 1
    width = (columns - 1) * COLUMN + WIDTH + 2 * MARGIN
    height = (rows - 1) * ROW + HEIGHT + 2 * MARGIN
    arrows = "".join(_arrow(placed[edge.source], placed[edge.target]) for edge in edges)
    boxes = "".join(_box(node) for node in nodes)
    return (
        f'<svg class="graph" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="group"><title>{escape(title)}</title><desc>{escape(description)}</desc>'
        f"{arrows}{boxes}</svg>"
    )


def _corner(node: GraphNode) -> tuple[int, int]:
    return MARGIN + node.column * COLUMN, MARGIN + node.row * ROW


def _arrow(source: GraphNode, target: GraphNode) -> str:
    x1, y1 = _corner(source)
    x2, y2 = _corner(target)
    x1, y1, y2 = x1 + WIDTH, y1 + HEIGHT // 2, y2 + HEIGHT // 2
    middle = (x1 + x2) // 2
    tip = f"M{x2 - 7} {y2 - 4}L{x2 - 1} {y2}L{x2 - 7} {y2 + 4}"
    return f'<path class="edge" d="M{x1} {y1}C{middle} {y1} {middle} {y2} {x2 - 1} {y2}{tip}"/>'


def _box(node: GraphNode) -> str:
    x, y = _corner(node)
    inside = (
        f'<rect class="box {escape(node.state)}" x="{x}" y="{y}" width="{WIDTH}" '
        f'height="{HEIGHT}" rx="6"/>'
        f'<text class="box-title" x="{x + 9}" y="{y + 22}">{escape(_fit(node.title))}</text>'
        f'<text class="box-note" x="{x + 9}" y="{y + 40}">{escape(_fit(node.note))}</text>'
    )
    if node.href is None:
        return f"<g>{inside}</g>"
    return f'<a href="{escape(node.href)}" aria-label="{escape(node.title)}">{inside}</a>'


def _fit(text: str, limit: int = 17) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
