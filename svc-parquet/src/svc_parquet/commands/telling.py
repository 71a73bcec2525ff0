"""What `fleet convert` says: for people, or one JSON object a table."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from shared_lib.contracts.conversions import ConversionReport, NotConverted, TableSource

_HARMLESS = {"empty_file", "left_out"}
"""What a part may be refused for without the whole counting as failed."""


@dataclass
class Totals:
    """What came out of all files together."""

    tables: int = 0
    rows: int = 0
    columns: int = 0
    widened: int = 0
    quarantined: int = 0
    bytes_out: int = 0

    def add(self, report: "ConversionReport") -> None:
        """Count one more table."""
        self.tables += 1
        self.rows += report.rows
        self.columns += report.columns
        self.widened += len(report.widened)
        self.quarantined += report.quarantine.rows
        self.bytes_out += report.bytes_out


def is_harmless(refused: "NotConverted") -> bool:
    """Whether a part was left out for a reason that is no failure."""
    return refused.code in _HARMLESS


def tell_totals(totals: Totals, *, files: int, failed: int, bytes_in: int) -> None:
    """The last line: files, tables, rows, columns, widened, quarantined, size, and the saving."""
    parts = [
        f"{files - failed} of {files} files converted",
        ", ".join(
            (
                _counted(totals.tables, "table"),
                _counted(totals.rows, "row"),
                _counted(totals.columns, "column"),
            )
        ),
    ]
    if totals.widened:
        parts.append(f"{_counted(totals.widened, 'column')} widened")
    if totals.quarantined:
        parts.append(f"{_counted(totals.quarantined, 'row')} quarantined")
    change = round(100 * (totals.bytes_out / bytes_in - 1)) if bytes_in else 0
    sign = "\u2212" if change < 0 else "+"
    parts.append(f"{_size(bytes_in)} \u2192 {_size(totals.bytes_out)} ({sign}{abs(change)} %)")
    click.echo("  ".join(parts), err=True)


def tell_success(
    file: Path, report: "ConversionReport", outputs: list[Path], *, path: str, as_json: bool
) -> None:
    if as_json:
        dumped = report.model_dump(mode="json", by_alias=True)
        names = [str(path) for path in outputs]
        click.echo(json.dumps({"file": str(file), "ok": True, "outputs": names, "report": dumped}))
        return
    change = round(100 * (report.bytes_out / report.bytes_in - 1)) if report.bytes_in else 0
    sign = "\u2212" if change < 0 else "+"
    shape = f"{_counted(report.rows, 'row')} \u00d7 {_counted(report.columns, 'column')}"
    sizes = f"{_size(report.bytes_in)} \u2192 {_size(report.bytes_out)} ({sign}{abs(change)} %)"
    name = _part_name(report.source, path=path)
    if name:
        sizes = _size(report.bytes_out)
    click.echo(f"{_styled('ok', 'green')}  {file}{name}  {shape}  {sizes}  {outputs[0]}")
    for widening in report.widened:
        click.echo(
            f"    widened  {widening.column}: {widening.from_} \u2192 {widening.to}, because of "
            f"{widening.example!r} in row {widening.row:,}"
        )
    if report.quarantine.rows:
        first = report.quarantine.first[0]
        rows = _counted(report.quarantine.rows, "row")
        click.echo(
            f"    {_styled('quarantined', 'yellow')}  {rows} \u2192 "
            f"{outputs[-1]}; the first is line {first.line:,}: {first.reason}"
        )


def _part_name(source: "TableSource", *, path: str) -> str:
    """Which part of the file at a path a table is, as it is shown after the file's name."""
    below = (source.path or "").removeprefix(path).removeprefix("/")
    parts = [part for part in (below, source.name) if part]
    return f" [{' '.join(parts)}{', hidden' if source.hidden else ''}]" if parts else ""


def tell_refused(file: Path, refused: "NotConverted", *, path: str, as_json: bool) -> None:
    if as_json:
        problem = {"code": refused.code, "detail": refused.reason}
        source = refused.source.model_dump(mode="json")
        click.echo(json.dumps({"file": str(file), "ok": False, "source": source, "error": problem}))
        return
    word = _styled("left out" if is_harmless(refused) else "failed", "yellow")
    click.echo(f"{word}  {file}{_part_name(refused.source, path=path)}: {refused.reason}", err=True)


def tell_left_out(file: Path, *, as_json: bool) -> None:
    reason = "its ending is that of no table; convert it by its own name if it is one"
    if file.is_symlink():
        reason = "it is a link, and what it leads to may lie elsewhere"
    if as_json:
        problem = {"code": "left_out", "detail": reason}
        click.echo(json.dumps({"file": str(file), "ok": False, "error": problem}))
        return
    click.echo(f"{_styled('left out', 'yellow')}  {file}: {reason}", err=True)


def tell_failure(file: Path, error: Exception, *, as_json: bool) -> None:
    from shared_lib.contracts.errors import FleetError  # noqa: PLC0415 - imported when called

    if not as_json:
        click.echo(f"{_styled('failed', 'red')}  {file}: {error}", err=True)
        return
    problem: object = {"detail": str(error)}
    if isinstance(error, FleetError):
        problem = error.problem().model_dump(mode="json", exclude_none=True)
    click.echo(json.dumps({"file": str(file), "ok": False, "error": problem}))


def _styled(word: str, colour: str) -> str:
    return word if os.environ.get("NO_COLOR") else click.style(word, fg=colour)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _size(count: int) -> str:
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:,.0f} {unit}" if unit == "B" else f"{value:,.1f} {unit}"
        value /= 1000
    return f"{count} B"
