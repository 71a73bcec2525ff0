"""`fleet kb query`: Cypher over the graph of a base."""

from typing import TYPE_CHECKING, Any

import click
from pydantic import JsonValue

from datafleet.commands.connection import pass_client
from shared_lib.console import Column, Command, Output, pass_output
from shared_lib.console.formats import format_count

if TYPE_CHECKING:
    from datafleet.client import Client


@click.command("query", cls=Command)
@click.argument("base")
@click.argument("cypher")
@click.option("--limit", type=click.IntRange(1, 10_000), default=1000, show_default=True,
              help="Rows at most.")  # fmt: skip
@pass_client
@pass_output
def query_base(output: Output, *, client: "Client", base: str, cypher: str, limit: int) -> None:
    """Answer one Cypher query that reads the graph of a base.

    Its labels: KnowledgeBase, Folder, Document, Record, Term, Cluster, Category.
    """
    answer = client.knowledge_bases.query_graph(base, cypher, limit=limit)
    names = [column.name for column in answer.columns]
    if output.as_json:
        for row in answer.rows:
            output.record(dict(zip(names, row, strict=True)))
    else:
        output.table(
            answer.rows, columns=[_column(place, name) for place, name in enumerate(names)]
        )
    if answer.truncated:
        shown = format_count(len(answer.rows))
        output.say(f"the first {shown} rows; there are more: --limit N")


def _column(place: int, name: str) -> Column[list[JsonValue]]:
    def value(row: list[JsonValue]) -> Any:
        return row[place]

    return Column(name, value)
