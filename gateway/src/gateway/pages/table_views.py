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


def draw_money(money: Json, *, currency: str) -> Markup | None:
    """Storage, scans and transfer, each with files and with tables."""
    parts = [
        (f"{name}, {said}", float(money[name][side]))
        for name in ("storage", "scans", "transfer")
        for side, said in (("before", "files"), ("after", "tables"))
    ]
    if not any(amount for _, amount in parts):
        return None
    bars = [Bar(label, amount, show_money(amount, currency)) for label, amount in parts]
    total = money["total"]
    described = (
        f"{show_money(total['before'], currency)} with files, "
        f"{show_money(total['after'], currency)} with tables."
    )
    # The chart escapes what it is given.
    return Markup(bar_chart(bars, title="Cost over the retention", description=described))  # noqa: S704


def show_money(amount: float, currency: str) -> str:
    """An amount with its currency; a little is never shown as nothing."""
    if 0 < amount < 0.01:
        return f"< 0.01 {currency}"
    return f"{amount:,.2f} {currency}"
