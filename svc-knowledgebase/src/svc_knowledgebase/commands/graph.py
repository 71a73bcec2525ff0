"""`fleet kb graph`: records as a graph: written for other tools, sent to Neo4j, or asked."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shared_lib.console import Column, Command, CommandError, ExitCode, Output, pass_output
from shared_lib.console.formats import format_count

if TYPE_CHECKING:
    from svc_knowledgebase.graph.model import Graph

FORMS = ("neo4j-csv", "neo4j-parquet", "cypher", "graphml", "json")
PASSWORD = "NEO4J_PASSWORD"  # noqa: S105 - the name of a variable
QUERY_S = 60.0
QUERY_MEMORY_BYTES = 1024**3
QUERY_ROWS_BYTES = 256 * 1024**2


@click.command(name="graph", cls=Command, fields=("form", "files", "nodes", "edges"))
@click.argument("records", type=click.Path(exists=True, path_type=Path))
@click.option("--to", "target", type=click.Path(file_okay=False, path_type=Path),
              help="Write files into this folder; made when missing.")  # fmt: skip
@click.option("--as", "form", type=click.Choice(FORMS), default="neo4j-csv", show_default=True,
              help="With --to: files for neo4j-admin, Cypher, GraphML, or JSON.")  # fmt: skip
@click.option("--bolt", metavar="URL", help="Merge it into the graph database there.")
@click.option("--user", default="neo4j", show_default=True,
              help=f"With --bolt; the password is in ${PASSWORD}, or asked for.")  # fmt: skip
@click.option("--database", metavar="NAME", help="With --bolt; the server's default.")
@click.option("--query", metavar="CYPHER", help="Answer one query that reads, without a server.")
@click.option("--limit", type=click.IntRange(min=1), default=1000, show_default=True,
              help="With --query: rows at most.")  # fmt: skip
@pass_output
def command(
    output: Output,
    *,
    records: Path,
    target: Path | None,
    form: str,
    bolt: str | None,
    user: str,
    database: str | None,
    query: str | None,
    limit: int,
) -> None:
    """Write records as a graph, send it to Neo4j, or ask it.

    RECORDS is a file of records, as `fleet kb download` writes, or a folder that `fleet kb build`
    has built; clusters.json and categories.json beside it are nodes too.
    """
    if sum(each is not None for each in (target, bolt, query)) != 1:
        raise CommandError(
            "one of --to DIR, --bolt URL and --query CYPHER is needed.", exit_code=ExitCode.USAGE
        )
    password = _password(user) if bolt is not None else ""
    graph = _read(records)
    if target is not None:
        _write(output, graph, target=target, form=form)
    elif bolt is not None:
        from svc_knowledgebase.graph.bolt import Target  # noqa: PLC0415 - when called

        _send(output, graph, Target(bolt, user=user, password=password, database=database))
    elif query is not None:
        _ask(output, graph, query=query, limit=limit)


def _read(given: Path) -> "Graph":
    from svc_knowledgebase.graph.groups import CATEGORIES, CLUSTERS  # noqa: PLC0415 - when called
    from svc_knowledgebase.graph.reading import read_graph  # noqa: PLC0415 - as above

    source = given / "records.jsonl" if given.is_dir() else given
    if not source.is_file():
        raise CommandError(f"{given} has no records.jsonl.", hint="fleet kb build FOLDER --to DIR")
    beside = {name: source.with_name(name) for name in (CLUSTERS, CATEGORIES)}
    there = {name: place for name, place in beside.items() if place.is_file()}
    return read_graph(source, clusters=there.get(CLUSTERS), categories=there.get(CATEGORIES))


def _password(user: str) -> str:
    """From the environment, else typed; never a word of the command, which others can read."""
    found = os.environ.get(PASSWORD)
    if found:
        return found
    if not sys.stdin.isatty():
        raise CommandError(
            f"the password of {user} is missing.",
            hint=f"put it into {PASSWORD}",
            exit_code=ExitCode.USAGE,
        )
    typed: str = click.prompt(f"Password of {user}", hide_input=True, err=True)
    return typed


def _write(output: Output, graph: "Graph", *, target: Path, form: str) -> None:
    from svc_knowledgebase.graph.exports import FORMS as WRITERS  # noqa: PLC0415 - when called
    from svc_knowledgebase.graph.exports import neo4j_command  # noqa: PLC0415 - as above

    target.mkdir(parents=True, exist_ok=True)
    files = WRITERS[form](graph, target)
    nodes, edges = _counts(graph)
    if output.as_json:
        names = [str(path) for path in files]
        output.record({"form": form, "files": names, "nodes": nodes, "edges": edges})
    else:
        output.facts({name: format_count(count) for name, count in {**nodes, **edges}.items()})
    if form.startswith("neo4j"):
        output.say(neo4j_command(files))


def _counts(graph: "Graph") -> tuple[dict[str, int], dict[str, int]]:
    from svc_knowledgebase.graph.model import NODES_BY_LABEL  # noqa: PLC0415 - loaded already

    counts = graph.counts()
    nodes = {name: count for name, count in counts.items() if name in NODES_BY_LABEL}
    return nodes, {name: count for name, count in counts.items() if name not in nodes}


def _send(output: Output, graph: "Graph", target: Any) -> None:
    from svc_knowledgebase.graph.bolt import send  # noqa: PLC0415 - when called

    with output.progress("sending", unit="rows") as bar:
        sent = send(graph, target, progress=lambda done, total: bar.update(done=done, total=total))
    nodes, edges = _counts(graph)
    if output.as_json:
        output.record({"form": "bolt", "files": [], "nodes": nodes, "edges": edges})
    else:
        counted = f"{format_count(sum(nodes.values()))} nodes, {format_count(sum(edges.values()))}"
        output.data(f"{target.address}  {counted} relations merged")
    output.detail(f"{sent} rows sent")


def _ask(output: Output, graph: "Graph", *, query: str, limit: int) -> None:
    import tempfile  # noqa: PLC0415 - when called

    from svc_knowledgebase.graph.database import DATABASE, write_database  # noqa: PLC0415 - as above
    from svc_knowledgebase.graph.engine import Engine  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory(prefix="fleet-graph-") as folder:
        place = Path(folder) / DATABASE
        write_database(graph, place)
        engine = Engine(memory_bytes=QUERY_MEMORY_BYTES, threads=os.cpu_count() or 1)
        with engine.within(QUERY_S):
            header, rows = engine.ask(place, query, limit=limit, most_bytes=QUERY_ROWS_BYTES)
    names = [column["name"] for column in header["columns"]]
    if output.as_json:
        for row in rows:
            output.record(dict(zip(names, row, strict=True)))
    else:
        output.table(rows, columns=[_column(place, name) for place, name in enumerate(names)])
    if header["truncated"]:
        output.say(f"the first {format_count(len(rows))} rows; there are more: --limit N")


def _column(place: int, name: str) -> Column[list[Any]]:
    return Column(name, lambda row: row[place])
