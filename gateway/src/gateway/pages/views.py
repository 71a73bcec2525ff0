"""From what the services answer to what templates show: words, amounts, drawings. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from shared_lib.charts import (
    Bar,
    GraphEdge,
    GraphNode,
    bar_chart,
    layered_graph,
    sparkline,
)

Json = Mapping[str, Any]

BADGES: dict[str, tuple[str, str, str]] = {
    "passed": ("ok", "✓", "passed"),
    "succeeded": ("ok", "✓", "succeeded"),
    "warned": ("warn", "!", "warned"),
    "failed": ("bad", "✕", "failed"),
    "dead": ("bad", "✕", "gave up"),
    "cancelled": ("warn", "!", "cancelled"),
    "not trained": ("warn", "–", "not trained"),
    "running": ("running", "◐", "running"),
    "claimed": ("running", "◐", "starting"),
    "publishing": ("running", "◐", "publishing"),
    "queued": ("queued", "○", "queued"),
}
STEPS = (
    "landed", "converted", "built", "embedded", "published", "inferred", "judged", "decided",
    "trained", "registered", "reported",
)  # fmt: skip
DRAWN_FILES = 12
TOGETHER = "all files"
"""The subject of a step that landed many documents as one."""

DRAWN_DAYS = 30
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def badge_of(state: str) -> tuple[str, str, str]:
    """Class, glyph and word of a state."""
    return BADGES.get(state, ("queued", "○", state))


def combine(one: Json, other: Json) -> dict[str, Any]:
    """Both, the second's values before the first's."""
    return {**one, **other}


def show_count(value: int) -> str:
    """1234567 as 1,234,567."""
    return f"{value:,}"


def show_bytes(value: float) -> str:
    """Bytes in decimal units, as disks are sold: 1,500 is 1.5 kB."""
    amount, unit = float(value), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.0f} B" if unit == 0 else f"{amount:.1f} {_UNITS[unit]}"


def show_amount(value: int, unit: str) -> str:
    """An amount of progress in its unit."""
    return show_bytes(value) if unit == "bytes" else f"{value:,} {unit}".strip()


def show_moment(value: str) -> str:
    """A time in UTC to the second; people sort by it."""
    return value[:19].replace("T", " ") + " UTC"


def show_duration(seconds: float | None) -> str:
    """0.98 s, 42 s, 3 min 20 s, 2 h 5 min; a dash for what took no time."""
    if not seconds:
        return "–"
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def show_took(thing: Json) -> str:
    """How long something that has `created_at` and `ended_at` took."""
    if not thing.get("ended_at"):
        return "–"
    begun = datetime.fromisoformat(thing["created_at"])
    return show_duration((datetime.fromisoformat(thing["ended_at"]) - begun).total_seconds())


def show_saved(version: Json) -> str:
    """How much smaller a table is than its file."""
    if not version["bytes_in"]:
        return "–"
    change = version["bytes"] / version["bytes_in"] - 1
    return f"{'−' if change <= 0 else '+'}{abs(change) * 100:.0f} %"


def show_share(part: int, whole: int) -> str:
    """A part in percent; a little is never shown as nothing."""
    if not part or not whole:
        return "0 %"
    percent = part / whole * 100
    return "< 0.1 %" if percent < 0.1 else f"{percent:.1f} %"


def show_scalar(value: object) -> str | Markup:
    """A cell. No value is told from an empty text."""
    if value is None:
        return Markup('<span class="muted">null</span>')
    if value == "":
        return Markup('<span class="muted">empty</span>')
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text if len(text) <= 120 else text[:119] + "…"


def show_counted(number: int, noun: str) -> str:
    """`1 row`, `2,000 rows`: a number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def show_visible(text: str) -> str:
    """A delimiter that can be seen."""
    return {"\t": "tab", " ": "space"}.get(text, text)


def show_shape(column: Json) -> Markup:
    """A column's histogram as a sparkline, when it has one."""
    bins = column.get("histogram") or []
    if len(bins) < 2:
        return Markup("–")
    title = f"{column['name']} from {bins[0]['low']} to {bins[-1]['high']}"
    # The chart escapes what it is given.
    return Markup(sparkline([b["count"] for b in bins], title=title))  # noqa: S704


def show_outcome(step: Json) -> str:
    """What a step came to, in a few words."""
    facts, name = step["facts"], step["name"]
    shown = {
        "landed": _show_landed, "published": _show_table, "decided": _show_training,
        "trained": _show_training, "registered": _show_training, "reported": _show_training,
    }.get(name)  # fmt: skip
    if name == "built" and "records" in facts:
        shown = _show_built
    if shown is not None:
        return shown(facts)
    if "verdict" in facts:
        passed = f"{facts['passed']} of {show_counted(facts['checks'], 'check')}"
        return f"{facts['suite']}: {passed} passed"
    if step.get("error") and step["state"] == "failed":
        return str(step["error"]["title"])
    tries = facts.get("attempts", 1)
    return f"in try {tries}" if tries > 1 else ""


def _show_landed(facts: Json) -> str:
    size = show_bytes(facts["bytes"])
    return f"{show_counted(facts['files'], 'file')}, {size}" if "files" in facts else size


def _show_built(facts: Json) -> str:
    read = f"{facts['parsed']} of {show_counted(facts['found'], 'file')}"
    return f"{show_counted(facts['records'], 'record')}, {read}"


def _show_table(facts: Json) -> str:
    before, after = show_bytes(facts["bytes_in"]), show_bytes(facts["bytes_out"])
    shape = f"{show_counted(facts['rows'], 'row')} × {show_counted(facts['columns'], 'column')}"
    words = [shape, f"{before} → {after}"]
    if facts.get("tables", 1) > 1:
        words.insert(0, str(facts["table"]))
    if facts.get("quarantined_rows"):
        words.append(f"{show_counted(facts['quarantined_rows'], 'row')} in quarantine")
    if facts.get("widened_columns"):
        words.append(f"{show_counted(facts['widened_columns'], 'column')} widened")
    return ", ".join(words)


def _show_training(facts: Json) -> str:
    """Of a decision its reason, of a training what ran, of a model or a report what it became."""
    if "outcome" in facts:
        return " ".join(str(facts[name]) for name in ("outcome", "comment") if name in facts)
    if "alias" in facts:
        return f"{facts['model']} v{facts['version']} is {facts['alias']}: {facts['reason']}"
    if "reason" in facts:
        return f"{facts['pipeline']}: {facts['reason']}"
    if "stages_run" not in facts:
        return str(facts["pipeline"])
    ran = f"{show_counted(facts['stages_run'], 'stage')} ran, {facts['stages_cached']} cached"
    known = {"pipeline", "stages_run", "stages_cached"}
    metrics = [f"{name} {value:.4g}" for name, value in facts.items() if name not in known]
    return "; ".join([ran, *metrics])


def draw_days(by_day: list[Json]) -> Markup | None:
    """Bytes by day, of the last thirty days; days without any are drawn as such."""
    if not by_day:
        return None
    landed = {day["day"]: day["bytes"] for day in by_day}
    last = datetime.now(UTC).date()
    days = [str(last - timedelta(days=back)) for back in reversed(range(DRAWN_DAYS))]
    bars = [Bar(day, landed.get(day, 0), show_bytes(landed.get(day, 0))) for day in days]
    highest = max(by_day, key=lambda day: int(day["bytes"]))
    described = f"Most on {highest['day']}: {show_bytes(highest['bytes'])}."
    # The chart escapes what it is given.
    return Markup(bar_chart(bars, title="Bytes landed by day", description=described))  # noqa: S704


def draw_flow(flow: Json) -> Markup | None:
    """The journey as a graph; None when it has too many files to look at."""
    shown = _worst_of_each(flow["steps"])
    files = sorted({step["subject"] for step in shown})
    if not files or len(files) > DRAWN_FILES:
        return None
    rows = {file: row for row, file in enumerate(files)}
    to_come = _to_come(flow)
    names = [n for n in STEPS if n in to_come or any(step["name"] == n for step in shown)]
    columns = {name: column for column, name in enumerate(names)}
    nodes = [_node(step, row=rows[step["subject"]], columns=columns) for step in shown]
    nodes += _pending(to_come, files=files, columns=columns, known={node.id for node in nodes})
    known = {node.id for node in nodes}
    edges = [
        GraphEdge(f"{file}/{source}", f"{file}/{target}")
        for file in files
        for source, target in pairwise([step for step in STEPS if f"{file}/{step}" in known])
    ]
    # Documents land together, and each knowledge base is built of all of them.
    together = f"{TOGETHER}/landed"
    edges += [
        GraphEdge(together, node.id)
        for node in nodes
        if together in known and node.id.endswith("/built")
    ]
    described = "; ".join(f"{n.title} {n.note}" for n in nodes)
    # The graph escapes what it is given.
    return Markup(  # noqa: S704
        layered_graph(nodes, edges, title="The journey of each file", description=described)
    )


def _to_come(flow: Json) -> list[str]:
    """Steps that the flow's plan asks for, while it may still come to them."""
    plan = flow.get("plan") or {}
    if flow["state"] != "running" or any(step["state"] == "failed" for step in flow["steps"]):
        return []
    judged = ["judged"] if plan.get("suite") else []
    return judged + (["decided", "trained", "registered"] if plan.get("pipeline") else [])


def _pending(
    names: list[str], *, files: list[str], columns: Mapping[str, int], known: set[str]
) -> list[GraphNode]:
    """Nodes of the steps that have not begun."""
    return [
        GraphNode(
            id=f"{file}/{name}",
            column=columns[name],
            row=row,
            title=f"○ {name}",
            note="to come",
            state="queued",
        )
        for row, file in enumerate(files)
        for name in names
        if f"{file}/{name}" not in known
    ]


def _worst_of_each(steps: Iterable[Json]) -> list[Json]:
    """One step of a name for each file: of several suites the worst verdict is drawn."""
    urgency = {"warned": 1, "running": 2, "cancelled": 3, "failed": 4}
    worst: dict[tuple[str, str], Json] = {}
    for step in sorted(steps, key=lambda each: urgency.get(shown_state(each), 0)):
        worst[step["subject"], step["name"]] = step
    return list(worst.values())


def shown_state(step: Json) -> str:
    """A verdict, or a refusal to train, says more than that its step succeeded."""
    if step["facts"].get("train") is False:
        return "not trained"
    return str(step["facts"].get("verdict", step["state"]))


def _node(step: Json, *, row: int, columns: Mapping[str, int]) -> GraphNode:
    state, glyph, word = badge_of(shown_state(step))
    href = f"/jobs/{step['job_id']}" if step["job_id"] else None
    if step["links"].get("table"):
        href = "/tables/" + step["links"]["table"].rsplit("/", 1)[-1]
    if step["links"].get("training_report"):
        href = report_page(step)
    if step["links"].get("knowledge_base"):
        href = "/knowledge/" + step["links"]["knowledge_base"].rsplit("/", 1)[-1]
    if step["links"].get("report"):
        href = f"{step['links']['report']}?as=html"
    # The whole sentence stands in the table below; a box has room for a few words.
    facts, note = step["facts"], show_duration(step["duration_s"])
    if step["name"] == "landed":
        note = step["subject"]
    elif "records" in facts:
        note = show_counted(facts["records"], "record")
    elif step["name"] == "published":
        saved = show_saved({"bytes_in": facts["bytes_in"], "bytes": facts["bytes_out"]})
        note = f"{show_counted(facts['rows'], 'row')}, {saved}"
    elif "verdict" in facts:
        note = f"{facts['passed']} of {show_counted(facts['checks'], 'check')}"
    elif step["name"] == "decided":
        word = "trains" if facts["train"] else word
        note = facts["rule"].replace("_", " ")
    elif "stages_run" in facts:
        note = f"{facts['stages_run']} ran, {facts['stages_cached']} cached"
    elif "alias" in facts:
        word, note = facts["alias"], f"version {facts['version']}"
    return GraphNode(
        id=f"{step['subject']}/{step['name']}",
        column=columns[step["name"]],
        row=row,
        title=f"{glyph} {step['name']}" if word == "succeeded" else f"{glyph} {word}",
        note=note,
        state=state,
        href=href,
    )


def report_page(step: Json) -> str:
    """Where the report of a training, or of why there was none, is shown."""
    return "/reports/" + str(step["links"]["training_report"].split("/")[-2])


def show_signed(value: float) -> str:
    """A difference with its sign."""
    return f"{value:+.4g}".replace("-", "−")


def dataset_name_of(filename: str) -> str:
    """A dataset's name from a file's: without the endings of its format, only allowed letters."""
    stem = re.sub(r"(\.(csv|tsv|txt|jsonl|ndjson|json|gz))+$", "", filename, flags=re.IGNORECASE)
    cleaned = re.sub(r"^[^A-Za-z0-9]+", "", re.sub(r"[^A-Za-z0-9._-]+", "-", stem))
    return cleaned[:100] or "data"
