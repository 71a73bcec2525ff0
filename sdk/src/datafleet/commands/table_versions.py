"""`fleet table versions`, `append`, `compact`, `diff`: tables that grow."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from datafleet.commands.connection import find_table, pass_client
from shared_lib.console import Column, Command, CommandError, Output, pass_output
from shared_lib.console.formats import format_bytes, format_count
from shared_lib.console.times import show_time
from shared_lib.contracts.tables import TableVersionView
from shared_lib.contracts.versions import ColumnDiff, TableChangeView, TableDiff

if TYPE_CHECKING:
    from datafleet.client import Client

_VERSIONS: tuple[Column[TableVersionView], ...] = (
    Column("version", lambda row: row.number, right=True),
    Column("made by", lambda row: row.origin.replace("_", " ")),
    Column("rows", lambda row: row.rows, show=format_count, right=True),
    Column("columns", lambda row: len(row.columns), right=True),
    Column("files", lambda row: row.parts, right=True),
    Column("size", lambda row: row.bytes, show=format_bytes, right=True),
    Column("made", lambda row: row.created_at, show=show_time),
)
_STATISTICS: tuple[Column[ColumnDiff], ...] = (
    Column("column", lambda row: row.column),
    Column("statistic", lambda row: row.statistic),
    Column("before", lambda row: row.before),
    Column("after", lambda row: row.after),
)


@click.command("versions", cls=Command, fields=TableVersionView.model_fields)
@click.argument("name")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]),
              help="Those that were there then, in UTC.")  # fmt: skip
@pass_client
@pass_output
def versions(output: Output, *, client: "Client", name: str, as_of: datetime | None) -> None:
    """List the versions of a table, newest first."""
    moment = as_of.replace(tzinfo=UTC) if as_of is not None else None
    output.table(
        client.tables.versions(find_table(client, name).id, as_of=moment), columns=_VERSIONS
    )


@click.command("append", cls=Command, fields=TableChangeView.model_fields)
@click.argument("name")
@click.option("--from", "source", required=True, metavar="TABLE", help="Whose rows are added.")
@click.option("--source-version", type=click.IntRange(min=1), help="Of that table; the newest.")
@click.option("--base-version", type=click.IntRange(min=1),
              help="What they are added to; the newest.")  # fmt: skip
@click.option("--widen-to-text", is_flag=True,
              help="Let a column become text where nothing narrower holds both types.")  # fmt: skip
@pass_client
@pass_output
def append(output: Output, /, *, client: "Client", name: str, source: str, **options: Any) -> None:
    """Make the next version of a table: its rows, and behind them another table's.

    New columns are added, types are widened where no value changes; what does not fit is refused.
    """
    target, other = find_table(client, name), find_table(client, source)
    _finish(output, client, client.tables.append(target.id, other.id, **options))


@click.command("compact", cls=Command, fields=TableChangeView.model_fields)
@click.argument("name")
@pass_client
@pass_output
def compact(output: Output, *, client: "Client", name: str) -> None:
    """Make the next version of a table: the same rows in as few files as can be."""
    _finish(output, client, client.tables.compact(find_table(client, name).id))


@click.command("diff", cls=Command, fields=TableDiff.model_fields)
@click.argument("name")
@click.option("--before", type=click.IntRange(min=1), help="A version; the one before `after`.")
@click.option("--after", type=click.IntRange(min=1), help="Another version; the newest.")
@click.option("--key", multiple=True, metavar="COLUMN",
              help="A column that names a row; again for each. None: by content.")  # fmt: skip
@pass_client
@pass_output
def diff(
    output: Output,
    *,
    client: "Client",
    name: str,
    before: int | None,
    after: int | None,
    key: tuple[str, ...],
) -> None:
    """Show what differs between two versions: columns, rows, statistics."""
    found = find_table(client, name)
    newest = found.latest_version.number if found.latest_version else 0
    after = after or newest
    before = before or after - 1
    if before < 1:
        raise CommandError(f"{name} has one version.", hint=f"fleet table versions {name}")
    answer = client.tables.diff(found.id, before=before, after=after, key=key)
    if output.as_json:
        output.record(answer)
        return
    rows, columns = answer.rows, answer.columns
    output.say(f"v{before} → v{after}: {answer.rows_before} → {answer.rows_after} rows")
    output.say(f"rows added {rows.added}, removed {rows.removed}, changed {rows.changed}")
    for said, names in (("added", columns.added), ("removed", columns.removed)):
        if names:
            output.say(f"columns {said}: {', '.join(names)}")
    for each in columns.retyped:
        output.say(f"column {each.column}: {each.before} → {each.after}")
    output.table(answer.statistics, columns=_STATISTICS)


def _finish(output: Output, client: "Client", asked: TableChangeView) -> None:
    job = client.jobs.wait(asked.job_id)
    if job.error is not None:
        raise CommandError(job.error.detail, hint=f"fleet job show {asked.job_id}")
    made = client.tables.change(asked.table_id, asked.id)
    if output.as_json:
        output.record(made)
        return
    output.data(f"version {made.number}")
    output.say(
        f"{made.parts_after} files, {made.parts_shared} of them shared with earlier versions"
    )
    for column in made.changes.added:
        output.say(f"column {column} is new")
    for each in made.changes.retyped:
        output.say(f"column {each.column} became {each.after} instead of {each.before}")
