"""Small charts as SVG from stored bins: pure functions, no dependency, no inline style.

Geometry stands in attributes and colour in classes, so that they work under a strict content
security policy and in both themes. Every chart has a title and a description (WAI-ARIA graphics).
"""

from shared_lib.charts.bars import Bar, bar_chart, sparkline
from shared_lib.charts.comparison import Pair, comparison_chart
from shared_lib.charts.curve import CurvePlace, share_curve
from shared_lib.charts.graph import GraphEdge, GraphNode, layered_graph
from shared_lib.charts.interval import Interval, interval_chart
from shared_lib.charts.links import Link, LinkedGroup, LinkedItem, linked_columns
from shared_lib.charts.scatter import PointGroup, point_map

__all__ = [
    "Bar",
    "CurvePlace",
    "GraphEdge",
    "GraphNode",
    "Interval",
    "Link",
    "LinkedGroup",
    "LinkedItem",
    "Pair",
    "PointGroup",
    "bar_chart",
    "comparison_chart",
    "interval_chart",
    "layered_graph",
    "linked_columns",
    "point_map",
    "share_curve",
    "sparkline",
]
