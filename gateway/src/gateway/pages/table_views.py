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


def describe_column(column: Json, *, rows: int) -> dict[str, Any]:
    """A column of a profile as its card shows it: facts, and pictures from the stored bins."""
    meaning = column.get("meaning")
    said = meaning["kind"].replace("_", " ") if meaning else None
    top = [
        (_shorten(each["value"]), each["count"], each["count"] / rows if rows else 0)
        for each in column["top"]
    ]
    return {
        "column": column,
        "said": said,
        "personal": bool(meaning and meaning["personal"]),
        "why": meaning["reason"] if meaning else None,
        "histogram": _draw_histogram(column),
        "top": top,
        "quantiles": column["quantiles"],
    }


def _draw_histogram(column: Json) -> Markup | None:
    bins = column["histogram"]
    if len(bins) < 2:
        return None
    bars = [
        Bar(f"{_shorten(b['low'])} to {_shorten(b['high'])}", b["count"], f"{b['count']:,} rows")
        for b in bins
    ]
    fullest = max(bins, key=lambda each: int(each["count"]))
    described = (
        f"From {_shorten(bins[0]['low'])} to {_shorten(bins[-1]['high'])}; most rows between "
        f"{_shorten(fullest['low'])} and {_shorten(fullest['high'])}."
    )
    title = f"How often values of {column['name']} occur"
    # The chart escapes what it is given.
    return Markup(bar_chart(bars, title=title, description=described))  # noqa: S704


def _shorten(value: object, *, longest: int = 40) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def show_money(amount: float, currency: str) -> str:
    """An amount with its currency; a little is never shown as nothing."""
    if 0 < amount < 0.01:
        return f"< 0.01 {currency}"
    return f"{amount:,.2f} {currency}"
