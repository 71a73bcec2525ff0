"""What the live pattern page shows: invented, and only there."""

from typing import Any

from markupsafe import Markup

from shared_lib.charts import (
    Bar,
    CurvePlace,
    GraphEdge,
    GraphNode,
    Link,
    LinkedGroup,
    LinkedItem,
    PointGroup,
    bar_chart,
    layered_graph,
    linked_columns,
    point_map,
    share_curve,
    sparkline,
)

_TIME = "2026-03-01T12:04:05.000Z"


def everything() -> dict[str, Any]:
    """The context of `patterns.html`."""
    return {
        "flows": [
            _flow("orders", "succeeded"),
            _flow("customers", "running"),
            _flow("x", "failed"),
        ],
        "lines": [
            {"id": 1, "at": _TIME, "level": "info", "message": "orders.csv: 1200 rows x 7 columns"},
            {"id": 2, "at": _TIME, "level": "warning", "message": "3 rows are in quarantine"},
        ],
        "graph": _graph(),
        "links": _links(),
        "bars": _bars(),
        "map": _map(),
        "curve": _curve(),
        # The chart escapes what it is given.
        "spark": Markup(sparkline([1, 4, 9, 7, 3, 1], title="A column's shape")),  # noqa: S704
    }


def _flow(name: str, state: str) -> dict[str, Any]:
    return {
        "id": f"fl_{name}",
        "dataset_name": name,
        "version_number": 3,
        "state": state,
        "files": 1,
        "bytes": 412_000_000,
        "created_at": _TIME,
        "ended_at": None if state == "running" else "2026-03-01T12:04:17.000Z",
    }


def _graph() -> Markup:
    nodes = [
        GraphNode("a", 0, 0, "✓ landed", "orders.csv", "ok"),
        GraphNode("b", 1, 0, "◐ running", "converting", "running", "#content"),
        GraphNode("c", 2, 0, "○ queued", "published", "queued"),
    ]
    edges = [GraphEdge("a", "b"), GraphEdge("b", "c")]
    # The graph escapes what it is given.
    return Markup(layered_graph(nodes, edges, title="A journey", description="Three steps."))  # noqa: S704


def _links() -> Markup:
    folders = [("top", 0, 90), ("pumps", 1, 60), ("valves", 1, 30)]
    left = [LinkedItem(name, name, f"{n} records", n, indent) for name, indent, n in folders]
    right = [
        LinkedGroup(
            f"Series {series}",
            series,
            [LinkedItem(f"t{series}", f"topic {series}", "9 records", 9, href="#content")],
        )
        for series in (2, 3, 4)
    ]
    lines = [Link("pumps", f"t{series}", 5 * series, "some") for series in (2, 3, 4)]
    # The drawing escapes what it is given.
    return Markup(  # noqa: S704
        linked_columns(
            LinkedGroup("Folders", 1, left), right, lines, title="Topics", description="Three."
        )
    )


def _bars() -> Markup:
    bars = [
        Bar(f"2026-03-{day:02}", day * day % 23, f"{day * day % 23} MB") for day in range(1, 31)
    ]
    # The chart escapes what it is given.
    return Markup(bar_chart(bars, title="Megabytes by day", description="Thirty days."))  # noqa: S704


def _map() -> Markup:
    groups = [
        PointGroup(
            number=number + 1,
            name=name,
            said=f"{name}: 40 records",
            href="#content",
            points=[
                (number / 5 + 0.04 * (n % 5), 0.2 + number % 2 * 0.4 + 0.03 * (n % 7))
                for n in range(40)
            ],
        )
        for number, name in enumerate(("valves", "invoices", "birds", "music", "ships"))
    ]
    drawn = point_map(groups, others=[(0.5, 0.9)], title="A map", description="Five groups.")
    # The chart escapes what it is given.
    return Markup(drawn)  # noqa: S704 - see the line above


def _curve() -> Markup:
    places = [CurvePlace(1 - n / 10, 0.8 + n / 50, f"margin {n / 10}") for n in range(10)]
    drawn = share_curve(
        places, axes=("given", "right"), title="A curve", description="Ten places.", marked=3
    )
    # The chart escapes what it is given.
    return Markup(drawn)  # noqa: S704 - see the line above
