"""`fleet kb graph`: records as a graph that Neo4j and others load, without a server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from shared_lib.console import Command, CommandError, Output, pass_output

FORMS = ("neo4j", "cypher", "graphml", "json")


@click.command(name="graph", cls=Command, fields=("form", "files", "nodes", "edges"))
@click.argument("records", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the files; made when missing.",
)
@click.option(
    "--as", "form", type=click.Choice(FORMS), default="neo4j", show_default=True,
    help="CSV for neo4j-admin, Cypher statements, GraphML, or JSON.",
)  # fmt: skip
@pass_output
def command(output: Output, *, records: Path, target: Path, form: str) -> None:
    """Write records as a graph: base, folders, documents, records, terms.

    RECORDS is a file of records, as `fleet kb download` writes, or a folder that `fleet kb build`
    has built.
    """
    from svc_knowledgebase.graph.exports import FORMS as WRITERS  # noqa: PLC0415 - when called
    from svc_knowledgebase.graph.exports import neo4j_command  # noqa: PLC0415 - as above
    from svc_knowledgebase.graph.model import EDGES, NODES, Graph  # noqa: PLC0415 - as above

    source = records / "records.jsonl" if records.is_dir() else records
    if not source.is_file():
        raise CommandError(
            f"{records} has no records.jsonl.", hint="fleet kb build FOLDER --to DIR"
        )
    target.mkdir(parents=True, exist_ok=True)
    graph = Graph(_read(source))
    files = WRITERS[form](graph, target)
    nodes = {kind.label: sum(1 for _ in graph.nodes(kind.label)) for kind in NODES}
    edges = {kind.type: sum(1 for _ in graph.edges(kind.type)) for kind in EDGES}
    if output.as_json:
        names = [str(path) for path in files]
        output.record({"form": form, "files": names, "nodes": nodes, "edges": edges})
    else:
        output.facts({name: f"{count:,}" for name, count in {**nodes, **edges}.items()})
    if form == "neo4j":
        output.say(neo4j_command(files))


def _read(source: Path) -> Iterator[dict[str, Any]]:
    import orjson  # noqa: PLC0415 - when called

    with source.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                record = orjson.loads(line)
                record["document_id"], record["near_duplicate_of"]
            except (orjson.JSONDecodeError, KeyError, TypeError) as error:
                raise CommandError(f"line {number} of {source} is no record.") from error
            yield record
