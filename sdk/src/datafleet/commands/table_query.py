"""`fleet table query`: SQL over one table."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datafleet.commands.connection import find_table, pass_client
from shared_lib.console import Column, Command, CommandError, ExitCode, Output, pass_output
from shared_lib.console.formats import format_count
from shared_lib.contracts.queries import DEFAULT_ROWS

if TYPE_CHECKING:
    from datafleet.client import Client

ENDINGS = (".parquet", ".arrow", ".csv", ".jsonl", ".json")


@click.command("query", cls=Command)
@click.argument("name")
@click.argument("sql")
@click.option("--limit", type=click.IntRange(min=1), default=DEFAULT_ROWS, show_default=True,
              help="Rows at most.")  # fmt: skip
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Write the answer: .parquet, .arrow, .csv, .jsonl or .json.")  # fmt: skip
@click.option("--version", type=click.IntRange(min=1), help="Of the table; the newest.")
@pass_client
@pass_output
def query(
    output: Output,
    *,
    client: "Client",
    name: str,
    sql: str,
    limit: int,
    to: Path | None,
    version: int | None,
) -> None:
    """Answer one SELECT in DuckDB's SQL; the table is called `data`."""
    found = find_table(client, name)
    if to is not None:
        if to.suffix not in ENDINGS:
            raise CommandError(
                f"{to.name} ends in none of {', '.join(ENDINGS)}.", exit_code=ExitCode.USAGE
            )
        done = client.tables.query_to(found.id, sql, to=to, version=version, limit=limit)
        output.data(str(done.path))
        _say_truncated(output, rows=done.rows, truncated=done.truncated)
        return
    answer = client.tables.query(found.id, sql, version=version, limit=limit)
    columns = [_column(place, column.name) for place, column in enumerate(answer.columns)]
    if output.as_json:
        for row in answer.rows:
            output.record({c.name: v for c, v in zip(answer.columns, row, strict=True)})
    else:
        output.table(answer.rows, columns=columns)
    _say_truncated(output, rows=len(answer.rows), truncated=answer.truncated)


def _column(place: int, name: str) -> Column[list[Any]]:
    return Column(name, lambda row: row[place])


def _say_truncated(output: Output, *, rows: int, truncated: bool) -> None:
    if truncated:
        output.say(f"the first {format_count(rows)} rows; there are more: --limit N")
