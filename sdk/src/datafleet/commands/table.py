"""`fleet table`: what files were converted to."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datafleet.commands.connection import find_dataset, find_table, limit_option, pass_client
from datafleet.commands.dataset import TABLE_COLUMNS
from datafleet.commands.profiles import print_profile
from datafleet.commands.table_conversions import convert, replay
from datafleet.commands.table_export import export
from datafleet.commands.table_query import query
from datafleet.commands.table_versions import append, compact, diff, versions
from shared_lib.console import Column, CommandError, Group, Output, pass_output
from shared_lib.console.formats import (
    format_bytes,
    format_change,
    format_count,
    format_shape,
)
from shared_lib.console.times import show_time
from shared_lib.contracts.conversions import ColumnProfile
from shared_lib.contracts.tables import ColumnView, TableView

if TYPE_CHECKING:
    from datafleet.client import Client
    from datafleet.models import Table

STDOUT = "-"
_COLUMNS: tuple[Column[ColumnView], ...] = (
    Column("column", lambda row: row.name),
    Column("type", lambda row: row.type),
    Column("origin", lambda row: row.origin),
    Column("why", lambda row: row.reason),
)

version_option = click.option(
    "--version", type=click.IntRange(min=1), help="Its number; the newest when left out."
)


@click.group(cls=Group)
def table() -> None:
    """What files were converted to.

    A table is named by its id, as DATASET/TABLE, or as DATASET when it is the only one.
    """


@table.command("list", fields=TableView.model_fields)
@click.option("--dataset", metavar="NAME", help="Only those of one dataset.")
@limit_option
@pass_client
@pass_output
def list_tables(output: Output, *, client: "Client", dataset: str | None, limit: int) -> None:
    """List your tables, newest first."""
    if dataset is not None:
        find_dataset(client, dataset)
    if not output.table(client.tables.list(dataset=dataset, limit=limit), columns=TABLE_COLUMNS):
        output.say("There is no table yet: fleet push FILE, or fleet flow list")


@table.command("show", fields=TableView.model_fields)
@click.argument("name")
@pass_client
@pass_output
def show(output: Output, *, client: "Client", name: str) -> None:
    """Show a table: its columns, and why each has its type."""
    found = find_table(client, name)
    if output.as_json:
        output.record(found)
        return
    if output.for_people:
        output.facts(_describe(found))
        output.data("")
    output.table(found.latest_version.columns if found.latest_version else [], columns=_COLUMNS)


for command in (query, versions, append, compact, diff, convert, replay, export):
    table.add_command(command)


@table.command("preview")
@click.argument("name")
@click.option(
    "--rows", type=click.IntRange(1, 100), default=20, show_default=True, help="How many rows."
)
@version_option
@pass_client
@pass_output
def preview(output: Output, *, client: "Client", name: str, rows: int, version: int | None) -> None:
    """Show the first rows."""
    found = find_table(client, name)
    shown = client.tables.preview(found.id, rows=rows, version=version)
    names = [column.name for column in shown.columns]
    records = [dict(zip(names, row, strict=True)) for row in shown.rows]
    output.table(records, columns=[_column(column) for column in shown.columns])
    if shown.total_rows > len(records) and output.for_people:
        output.say(f"{len(records)} of {format_count(shown.total_rows)} rows")


@table.command("profile", fields=ColumnProfile.model_fields)
@click.argument("name")
@version_option
@pass_client
@pass_output
def profile(output: Output, *, client: "Client", name: str, version: int | None) -> None:
    """Show the statistics of every column."""
    found = find_table(client, name)
    print_profile(output, client.tables.profile(found.id, version=version))


@table.command("download", fields=("path", "bytes", "sha256"))
@click.argument("name")
@click.option("--to", metavar="FILE", help="Where to; TABLE.parquet when left out, - for stdout.")
@click.option("--quarantine", is_flag=True, help="The rows that were set aside, as JSON lines.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@version_option
@pass_client
@pass_output
def download(
    output: Output,
    *,
    client: "Client",
    name: str,
    to: str | None,
    quarantine: bool,
    force: bool,
    version: int | None,
) -> None:
    """Download a table as Parquet, proved by its digest.

    A download that broke goes on where it ended when it is started again. A table of several
    Parquet files is written into a folder of its name.
    """
    found = find_table(client, name)
    if not quarantine and _count_parts(client, found, version=version) > 1:
        _download_parts(output, client, found, to=to, force=force, version=version)
        return
    if to == STDOUT:
        _download_to_stdout(output, client, found, quarantine=quarantine, version=version)
        return
    target = Path(to or _file_name(found, quarantine=quarantine))
    if target.is_dir():
        target /= _file_name(found, quarantine=quarantine)
    if target.exists() and not force:
        raise CommandError(f"{target} is there already.", hint="replace it: --force")
    done = _download(output, client, found, to=target, quarantine=quarantine, version=version)
    if output.as_json:
        output.record({"path": str(done.path), "bytes": done.bytes, "sha256": done.sha256})
    else:
        output.data(str(done.path))
        output.say(f"{format_bytes(done.bytes)}, SHA-256 {done.sha256}")


def _count_parts(client: "Client", found: "Table", *, version: int | None) -> int:
    latest = found.latest_version
    if latest is None or version in (None, latest.number):
        return latest.parts if latest else 1
    listed = client.tables.versions(found.id)
    return next((each.parts for each in listed if each.number == version), 1)


def _download_parts(
    output: Output,
    client: "Client",
    found: "Table",
    *,
    to: str | None,
    force: bool,
    version: int | None,
) -> None:
    if to == STDOUT:
        raise CommandError("The table is several files.", hint="name a folder: --to FOLDER")
    folder = Path(to or found.name.replace("/", "_"))
    if not force and any(folder.glob("part-*.parquet")):
        raise CommandError(f"{folder} holds a table already.", hint="replace it: --force")
    for done in client.tables.download_parts(found.id, to=folder, version=version):
        if output.as_json:
            output.record({"path": str(done.path), "bytes": done.bytes, "sha256": done.sha256})
        else:
            output.data(str(done.path))


def _download(
    output: Output,
    client: "Client",
    found: "Table",
    *,
    to: Path,
    quarantine: bool,
    version: int | None,
) -> Any:
    fetch = client.tables.download_quarantine if quarantine else client.tables.download
    with output.progress(to.name) as bar:
        return fetch(
            found.id,
            to=to,
            version=version,
            progress=lambda done, total: bar.update(done=done, total=total),
        )


def _download_to_stdout(
    output: Output, client: "Client", found: "Table", *, quarantine: bool, version: int | None
) -> None:
    if sys.stdout.isatty() and not quarantine:
        raise CommandError("Parquet is no text.", hint="name a file: --to FILE")
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
        # Nothing is passed on before all of it is proved.
        path = Path(folder, "download")
        _download(output, client, found, to=path, quarantine=quarantine, version=version)
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _file_name(found: "Table", *, quarantine: bool) -> str:
    plain = found.name.replace("/", "_")
    return f"{plain}.quarantine.jsonl" if quarantine else f"{plain}.parquet"


def _column(column: ColumnView) -> Column[dict[str, Any]]:
    number = column.type.startswith(("int", "float", "decimal"))
    return Column(column.name, lambda row: row[column.name], right=number)


def _describe(found: "Table") -> dict[str, str]:
    latest = found.latest_version
    facts = {"table": f"{found.dataset_name}/{found.name}", "id": found.id}
    if latest is None:
        return {**facts, "version": "none yet"}
    sizes = f"{format_bytes(latest.bytes_in)} → {format_bytes(latest.bytes)}"
    facts |= {
        "version": f"{latest.number}, {show_time(latest.created_at)}",
        "shape": format_shape(latest.rows, len(latest.columns)),
        "size": f"{sizes} ({format_change(latest.bytes_in, latest.bytes)})",
        "quarantined": format_count(latest.quarantined_rows),
    }
    return {**facts, "flow": latest.flow_id} if latest.flow_id else facts
