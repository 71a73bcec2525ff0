"""`fleet status`: a line for each service."""

from typing import TYPE_CHECKING

import click

from datafleet.commands.connection import pass_client
from shared_lib.console import Column, Command, ExitCode, Output, pass_output
from shared_lib.console.formats import format_bytes, format_count
from shared_lib.console.times import show_time
from shared_lib.contracts.status import JobCounts, ServiceStatus

if TYPE_CHECKING:
    from datafleet.client import Client


def _database(row: ServiceStatus) -> str | None:
    """Where the database stands, and where it should, when that is elsewhere."""
    if row.revision == row.revision_needed:
        return row.revision
    return f"{row.revision or 'none'}, needs {row.revision_needed}"


def _jobs(row: ServiceStatus) -> JobCounts:
    return row.jobs or JobCounts(queued=0, running=0)


_COLUMNS: tuple[Column[ServiceStatus], ...] = (
    Column("service", lambda row: row.service.value, whole=True),
    Column(
        "state",
        lambda row: "failing" if row.problem else "ok",
        style=lambda row: "red" if row.problem else "green",
    ),
    Column("version", lambda row: row.version),
    Column("database", _database),
    Column("queued", lambda row: _jobs(row).queued, show=format_count, right=True),
    Column("running", lambda row: _jobs(row).running, show=format_count, right=True),
    Column("waiting since", lambda row: _jobs(row).oldest_queued_at, show=show_time),
    Column("workers", lambda row: row.workers, show=format_count, right=True),
    Column("GPUs", lambda row: row.gpus and len(row.gpus), show=format_count, right=True),
    Column("disk free", lambda row: row.disk and row.disk.free, show=format_bytes, right=True),
)


@click.command(cls=Command, fields=ServiceStatus.model_fields)
@pass_client
@pass_output
def status(output: Output, *, client: "Client") -> None:
    """How every service stands.

    Exits with 1 when one of them cannot work.
    """
    found = client.status()
    output.table(found.services, columns=_COLUMNS)
    failing = [row for row in found.services if row.problem]
    for row in failing:
        output.say(f"{row.service.value}: {row.problem}")
    if failing:
        raise click.exceptions.Exit(ExitCode.FAILED)
