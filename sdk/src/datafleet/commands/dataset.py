"""`fleet dataset`: what has landed."""

from typing import TYPE_CHECKING

import click

from datafleet.commands.connection import find_dataset, limit_option, pass_client
from datafleet.commands.profiles import print_profile
from datafleet.commands.savings import prices, savings
from shared_lib.console import Column, Group, Output, pass_output
from shared_lib.console.formats import NOTHING, count_of, format_bytes, format_count
from shared_lib.console.states import show_state
from shared_lib.console.times import show_time
from shared_lib.contracts.catalog import DatasetView

if TYPE_CHECKING:
    from datafleet.client import Client
    from datafleet.models import Dataset, Table

_COLUMNS: "tuple[Column[Dataset], ...]" = (
    Column("name", lambda row: row.name),
    Column("version", lambda row: row.versions, right=True),
    Column(
        "files", lambda row: len(row.latest_version.files) if row.latest_version else 0, right=True
    ),
    Column(
        "size",
        lambda row: row.latest_version.bytes if row.latest_version else None,
        show=format_bytes,
        right=True,
    ),
    Column("created", lambda row: row.created_at, show=show_time),
)
TABLE_COLUMNS: "tuple[Column[Table], ...]" = (
    Column("table", lambda row: f"{row.dataset_name}/{row.name}"),
    Column("version", lambda row: row.versions, right=True),
    Column(
        "rows",
        lambda row: row.latest_version.rows if row.latest_version else None,
        show=format_count,
        right=True,
    ),
    Column(
        "columns",
        lambda row: len(row.latest_version.columns) if row.latest_version else None,
        show=format_count,
        right=True,
    ),
    Column(
        "size",
        lambda row: row.latest_version.bytes if row.latest_version else None,
        show=format_bytes,
        right=True,
    ),
    Column(
        "quarantined",
        lambda row: row.latest_version.quarantined_rows if row.latest_version else None,
        show=format_count,
        right=True,
        style=lambda row: (
            "yellow" if row.latest_version and row.latest_version.quarantined_rows else None
        ),
    ),
    Column("id", lambda row: row.id, whole=True),
)


@click.group(cls=Group)
def dataset() -> None:
    """What has landed, by name."""


dataset.add_command(savings)
dataset.add_command(prices)


@dataset.command("list", fields=DatasetView.model_fields)
@limit_option
@pass_client
@pass_output
def list_datasets(output: Output, *, client: "Client", limit: int) -> None:
    """List your datasets, newest first."""
    if not output.table(client.datasets.list(limit=limit), columns=_COLUMNS):
        output.say("There is no dataset yet. Make one: fleet push FILE")


@dataset.command("show", fields=DatasetView.model_fields)
@click.argument("name")
@click.option("--columns", is_flag=True, help="Show the statistics of every column.")
@pass_client
@pass_output
def show(output: Output, *, client: "Client", name: str, columns: bool) -> None:
    """Show a dataset: its newest version and the tables made of it."""
    found = find_dataset(client, name)
    if output.as_json:
        output.record(found)
        return
    tables = list(client.tables.list(dataset=found.name))
    if columns:
        for table in tables:
            if table.latest_version is not None:
                output.say(f"{found.name}/{table.name}")
                print_profile(output, client.tables.profile(table.id))
        return
    if output.for_people:
        output.facts(_describe(found))
        output.data("")
    if not output.table(tables, columns=TABLE_COLUMNS) and found.latest_version:
        output.say(f"Nothing is converted yet: fleet flow list --dataset {found.name}")


def _describe(found: "Dataset") -> dict[str, str]:
    latest = found.latest_version
    facts = {"dataset": found.name, "id": found.id, "about": found.description or NOTHING}
    if latest is None:
        return {**facts, "version": "none yet"}
    files = count_of(len(latest.files), "file")
    source = latest.made_from
    where = f"{files}, {format_bytes(latest.bytes)}"
    if source is not None:
        number = source.table_version_number
        where = f"made from {source.dataset_name}/{source.table_name} v{number}"
    return {
        **facts,
        "version": f"{latest.number}, {show_time(latest.created_at)}",
        "verdict": show_state(latest.verdict) if latest.verdict else "not judged",
        "landed": where,
        "flow": latest.flow_id,
    }
