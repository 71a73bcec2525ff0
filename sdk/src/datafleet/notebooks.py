"""Results as HTML for a notebook: at most 10 kB, no script, nothing loaded from elsewhere."""

from collections.abc import Iterable, Sequence
from html import escape

from shared_lib.console.formats import (
    format_bytes,
    format_count,
    format_duration,
    format_share,
    printable,
    sparkline,
)
from shared_lib.contracts.catalog import DatasetView, FlowView
from shared_lib.contracts.tables import TablePreview, TableProfileView, TableView

LARGEST_BYTES = 10_000
_LONGEST_CELL = 60
_ROWS, _COLUMNS = 20, 12


def show_dataset(dataset: DatasetView) -> str:
    """Its newest version and the files of it."""
    latest = dataset.latest_version
    if latest is None:
        return _page(dataset.name, "no version yet", (), ())
    about = f"version {latest.number}, {format_bytes(latest.bytes)}, {latest.created_at:%F %T} UTC"
    rows = [(file.path, format_bytes(file.bytes), file.sha256[:12]) for file in latest.files]
    return _page(dataset.name, about, ("file", "size", "sha-256"), rows)


def show_flow(flow: FlowView) -> str:
    """Its steps."""
    rows = [
        (
            step.subject or "",
            step.name,
            step.state.value,
            f"{step.started_at:%T}",
            "" if step.duration_s is None else format_duration(step.duration_s),
            step.error.detail if step.error else "",
        )
        for step in flow.steps
    ]
    title = f"{flow.dataset_name} v{flow.version_number}"
    heads = ("file", "step", "state", "at", "took", "error")
    return _page(title, flow.state.value, heads, rows)


def show_table(table: TableView) -> str:
    """Its columns."""
    latest = table.latest_version
    title = f"{table.dataset_name}/{table.name}"
    if latest is None:
        return _page(title, "not published yet", (), ())
    sizes = f"{format_bytes(latest.bytes_in)} → {format_bytes(latest.bytes)}"
    about = f"version {latest.number}, {format_count(latest.rows)} rows, {sizes}"
    rows = [(column.name, column.type, column.reason) for column in latest.columns]
    return _page(title, about, ("column", "type", "why"), rows)


def show_preview(preview: TablePreview) -> str:
    """The first rows and columns."""
    about = f"{len(preview.rows)} of {format_count(preview.total_rows)} rows"
    if len(preview.columns) > _COLUMNS:
        about += f", {_COLUMNS} of {format_count(len(preview.columns))} columns"
    heads = [f"{column.name} ({column.type})" for column in preview.columns[:_COLUMNS]]
    rows = [["" if v is None else str(v) for v in row[:_COLUMNS]] for row in preview.rows]
    return _page("preview", about, heads, rows)


def show_profile(view: TableProfileView) -> str:
    """A line a column: its nulls, its distribution, its ends."""
    rows = [
        (
            column.name,
            column.type,
            format_share(column.nulls, view.profile.rows),
            sparkline([bin_.count for bin_ in column.histogram]),
            "" if column.min is None else str(column.min),
            "" if column.max is None else str(column.max),
        )
        for column in view.profile.columns
    ]
    heads = ("column", "type", "null", "distribution", "min", "max")
    return _page("profile", f"{format_count(view.profile.rows)} rows", heads, rows)


def _page(title: str, about: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    start = f"<div><strong>{_cell(title)}</strong> {_cell(about)}"
    if not heads:
        return f"{start}</div>"
    html = f"{start}<table><thead>{_row(heads, tag='th')}</thead><tbody>"
    everything = list(rows)
    shown = 0
    for row in everything[:_ROWS]:
        line = _row(row, tag="td")
        if len((html + line).encode()) > LARGEST_BYTES - 200:
            break
        html += line
        shown += 1
    left = len(everything) - shown
    more = f"<p>and {format_count(left)} more</p>" if left else ""
    return f"{html}</tbody></table>{more}</div>"


def _row(cells: Sequence[str], *, tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{_cell(cell)}</{tag}>" for cell in cells) + "</tr>"


def _cell(text: str) -> str:
    short = text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"
    return escape(printable(short))
