"""The graph as Parquet for `neo4j-admin database import full --input-type=parquet`.

The names of the columns are the fields of a CSV header, such as `id:ID(Document)`: without a header
file the importer reads them as one (Neo4j Operations Manual, "Import header format").
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from svc_knowledgebase.graph.exports import edge_header, node_header
from svc_knowledgebase.graph.model import EDGES, NODES, Graph

ROWS = 50_000
"""Rows that are columns at the same time, and of one row group."""
_TYPES = {"string": pl.String, "long": pl.Int64, "double": pl.Float64}


def write_neo4j_parquet(graph: Graph, folder: Path) -> list[Path]:
    """A file a label and a type; nulls stay null. Returns the files."""
    files = []
    for kind in NODES:
        rows = (
            (node.id, *(node.properties[name] for name in kind.properties), kind.label)
            for node in graph.nodes(kind.label)
        )
        types = ["string", *kind.properties.values(), "string"]
        path = folder / f"nodes-{kind.label}.parquet"
        files.append(_write(path, node_header(kind), types, rows))
    for relation in EDGES:
        lines = (
            (edge.source, edge.target, *edge.properties.values(), relation.type)
            for edge in graph.edges(relation.type)
        )
        types = ["string", "string", *relation.properties.values(), "string"]
        path = folder / f"edges-{relation.type}.parquet"
        files.append(_write(path, edge_header(relation), types, lines))
    return files


def _write(
    path: Path, header: Sequence[str], types: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> Path:
    schema = {name: _TYPES[of] for name, of in zip(header, types, strict=True)}
    given, frames = iter(rows), []
    while batch := list(islice(given, ROWS)):
        frames.append(pl.DataFrame(batch, schema=schema, orient="row"))
    frame = pl.concat(frames) if frames else pl.DataFrame(schema=schema)
    frame.write_parquet(path, row_group_size=ROWS)
    return path
