"""The graph as a file of the embedded engine (ladybug), made once and then only read."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import ladybug
import polars as pl

from svc_knowledgebase.graph.cypher import literal
from svc_knowledgebase.graph.model import EDGES, NODES, Graph

DATABASE = "graph.lbug"
MEMORY_BYTES = 512 * 1024**2
"""Of the engine while it writes."""
_ENGINE_TYPES = {"string": "STRING", "long": "INT64", "double": "DOUBLE"}
_COLUMN_TYPES = {"string": pl.String, "long": pl.Int64, "double": pl.Float64}


def write_database(graph: Graph, path: Path) -> None:
    """All of the graph, in one file at `path`, where nothing may be yet."""
    database = ladybug.Database(path, buffer_pool_size=MEMORY_BYTES)
    connection = ladybug.Connection(database)
    try:
        for statement in schema():
            connection.execute(statement)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".copying-") as scratch:
            for name, rows, types in _tables(graph):
                _copy(connection, name, rows, types, scratch=Path(scratch))
    finally:
        connection.close()
        database.close()


def schema() -> Iterator[str]:
    """The tables that the engine wants to know before anything is in them."""
    for kind in NODES:
        columns = "".join(f", {name} {_ENGINE_TYPES[of]}" for name, of in kind.properties.items())
        yield f"CREATE NODE TABLE {kind.label}(id STRING PRIMARY KEY{columns})"
    for relation in EDGES:
        columns = "".join(
            f", {name} {_ENGINE_TYPES[of]}" for name, of in relation.properties.items()
        )
        ends = f"FROM {relation.source} TO {relation.target}"
        yield f"CREATE REL TABLE {relation.type}({ends}{columns})"


_Table = tuple[str, Iterable[tuple[Any, ...]], Sequence[str]]


def _tables(graph: Graph) -> Iterator[_Table]:
    """Name, rows and types of each, nodes first."""
    for kind in NODES:
        nodes = (
            (node.id, *(node.properties[name] for name in kind.properties))
            for node in graph.nodes(kind.label)
        )
        yield kind.label, nodes, ["string", *kind.properties.values()]
    for relation in EDGES:
        edges = (
            (edge.source, edge.target, *edge.properties.values())
            for edge in graph.edges(relation.type)
        )
        yield relation.type, edges, ["string", "string", *relation.properties.values()]


def _copy(
    connection: ladybug.Connection,
    name: str,
    rows: Iterable[tuple[Any, ...]],
    types: Sequence[str],
    *,
    scratch: Path,
) -> None:
    schema = {f"c{place}": _COLUMN_TYPES[of] for place, of in enumerate(types)}
    frame = pl.DataFrame(list(rows), schema=schema, orient="row")
    if frame.is_empty():
        return
    place = scratch / f"{name}.parquet"
    frame.write_parquet(place)
    connection.execute(f"COPY {name} FROM {literal(str(place))}")
    place.unlink()
