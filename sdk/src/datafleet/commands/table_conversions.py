"""`fleet table convert` and `fleet table replay`: reading the file of a table again."""

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datafleet.commands.connection import find_table, pass_client
from shared_lib.console import Column, Command, CommandError, ExitCode, Output, pass_output
from shared_lib.console.conversion_options import conversion_options
from shared_lib.console.formats import count_of, format_count
from shared_lib.contracts.conversions import ColumnDecision, ConversionOptions
from shared_lib.contracts.tables import ConversionPreview, ConversionView, TableVersionView

if TYPE_CHECKING:
    from datafleet.client import Client
    from datafleet.models import Table

MOST_ROWS = 1000
"""Rows that one replay may put right."""
_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)
_COLUMNS: tuple[Column[ColumnDecision], ...] = (
    Column("column", lambda row: row.name),
    Column("type", lambda row: row.type),
    Column("origin", lambda row: row.origin),
    Column("why", lambda row: row.reason),
)


@click.command("convert", cls=Command, fields=ConversionView.model_fields)
@click.argument("name")
@conversion_options
@click.option("--dry-run", is_flag=True, help="Show what would be decided; convert nothing.")
@pass_client
@pass_output
def convert(
    output: Output, *, client: "Client", name: str, options: ConversionOptions, dry_run: bool
) -> None:
    """Convert the file of a table again, with other options, to a new version.

    With --dry-run the start of the file is looked at, and what would be decided is shown.
    """
    version = _converted(client, find_table(client, name))
    if dry_run:
        seen = client.tables.preview_conversion(version.file_id, options=options)
        _show(output, seen)
        return
    _finish(output, client, client.tables.convert(version.file_id, options=options))


@click.command("replay", cls=Command, fields=ConversionView.model_fields)
@click.argument("name")
@click.option("--from", "corrected", required=True, metavar="FILE", type=_FILE,
              help="The quarantine, with rows put right.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show which rows would be put right; send nothing.")
@pass_client
@pass_output
def replay(output: Output, *, client: "Client", name: str, corrected: Path, dry_run: bool) -> None:
    """Put rows of a quarantine right: they come back in their places, as a new version.

    Download the rows by `fleet table download NAME --quarantine`, change the `text` of those that
    can be mended, make it empty to drop a row, and send the file. What is not changed stays in the
    quarantine.
    """
    table = find_table(client, name)
    version = _converted(client, table)
    rows = _changed(corrected, _quarantined(client, table, version))
    if not rows:
        raise CommandError(
            f"No row of {corrected} differs from the quarantine of {name}.",
            hint="change the `text` of a row, or make it empty to drop the row",
        )
    if len(rows) > MOST_ROWS:
        raise CommandError(
            f"{format_count(len(rows))} rows are put right, and one replay takes {MOST_ROWS:,}.",
            hint="mend the file itself and push it again",
        )
    if dry_run:
        output.say(f"{count_of(len(rows), 'row')} would be put right.")
        for byte, text in rows.items():
            output.data(f"{byte}\t{text.rstrip()}" if text else f"{byte}\tdropped")
        return
    made = _conversion_of(client, version)
    _finish(output, client, client.tables.replay(made.id, rows=rows))


def _converted(client: "Client", table: "Table") -> TableVersionView:
    """The newest version that came from a file."""
    for version in client.tables.versions(table.id):
        if version.origin == "conversion":
            return version
    raise CommandError(
        f"{table.dataset_name}/{table.name} was made from tables, not from a file.",
        exit_code=ExitCode.NOT_FOUND,
    )


def _conversion_of(client: "Client", version: TableVersionView) -> ConversionView:
    for conversion in client.tables.conversions(file=version.file_id):
        if any(made.table_version_id == version.id for made in conversion.tables):
            return conversion
    raise CommandError(
        f"The conversion that made version {version.number} is gone.", exit_code=ExitCode.NOT_FOUND
    )


def _quarantined(client: "Client", table: "Table", version: TableVersionView) -> dict[int, str]:
    """The texts that were set aside, by their places; those that are no text are empty."""
    if not version.quarantined_rows:
        raise CommandError(f"{table.dataset_name}/{table.name} set no row aside.")
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
        path = Path(folder, "quarantine.jsonl")
        client.tables.download_quarantine(table.id, to=path, version=version.number)
        with path.open(encoding="utf-8") as lines:
            return {row["byte"]: row.get("text", "") for row in map(json.loads, lines)}


def _changed(corrected: Path, quarantined: dict[int, str]) -> dict[int, str]:
    """The rows of a file whose text is another than what was set aside."""
    with corrected.open(encoding="utf-8") as lines:
        found = dict(_rows(lines, name=corrected.name))
    unknown = next((byte for byte in found if byte not in quarantined), None)
    if unknown is not None:
        raise CommandError(
            f"No row of the quarantine begins at byte {unknown}.",
            hint="download it again: fleet table download NAME --quarantine",
        )
    return {byte: text for byte, text in found.items() if text != quarantined[byte]}


def _rows(lines: Iterable[str], *, name: str) -> Iterable[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
            byte, text = int(row["byte"]), row.get("text")
        except (ValueError, KeyError, TypeError) as error:
            raise CommandError(
                f"Line {number} of {name} is no row of a quarantine.",
                hint='each line is JSON with "byte" and "text"',
                exit_code=ExitCode.USAGE,
            ) from error
        if isinstance(text, str):
            yield byte, text


def _show(output: Output, seen: ConversionPreview) -> None:
    if output.as_json:
        output.record(seen)
        return
    if seen.error is not None:
        raise CommandError(seen.error.detail or seen.error.title)
    for table in seen.tables:
        decided = table.decisions
        told = [decided.format, decided.encoding, decided.delimiter and repr(decided.delimiter)]
        place = " ".join(part for part in (table.source.path, table.source.name) if part)
        output.say(f"{place}: " * bool(place) + ", ".join(each for each in told if each))
        output.table(decided.columns, columns=_COLUMNS)
        if table.quarantine.rows:
            first = table.quarantine.first[0]
            output.say(
                f"{count_of(table.quarantine.rows, 'row')} would be set aside; the first is line "
                f"{first.line}: {first.reason}"
            )
    for refused in seen.not_converted:
        output.say(f"{refused.source.path or refused.source.name}: {refused.reason}")
    if not seen.complete:
        output.say("Told from the start of the file; the rest may widen a column.")


def _finish(output: Output, client: "Client", asked: ConversionView) -> None:
    job = client.jobs.wait(asked.job_id)
    if job.error is not None:
        raise CommandError(job.error.detail, hint=f"fleet job show {asked.job_id}")
    made = client.tables.conversion(asked.id)
    if output.as_json:
        output.record(made)
        return
    for table in made.tables:
        aside = count_of(table.quarantined_rows, "row")
        output.data(f"{table.name}\t{table.rows}\t{table.quarantined_rows}")
        output.say(f"{table.name}: {count_of(table.rows, 'row')}, {aside} in quarantine")
