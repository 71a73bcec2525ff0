"""Drawings of what is known of a table. Pure."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from shared_lib.charts import Bar, bar_chart

Json = Mapping[str, Any]

DRAWN_LABELS = 40


def draw_labels(summary: Json) -> Markup | None:
    """How many rows each class has, the most frequent first."""
    totals = {
        label: sum(split["labels"][label] for split in summary["splits"])
        for label in summary["labels"]
    }
    ranked = sorted(totals.items(), key=lambda item: -item[1])[:DRAWN_LABELS]
    if not ranked:
        return None
    bars = [Bar(label, rows, f"{rows:,} rows") for label, rows in ranked]
    (most, rows), (least, fewest) = ranked[0], ranked[-1]
    described = f"From {most} with {rows:,} rows to {least} with {fewest:,}."
    # The chart escapes what it is given.
    return Markup(bar_chart(bars, title="Rows of each class", description=described))  # noqa: S704
