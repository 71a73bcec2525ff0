"""The graph as files: CSV for `neo4j-admin`, Cypher, GraphML and JSON."""

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO
from xml.sax.saxutils import escape, quoteattr

import orjson

from svc_knowledgebase.graph.cypher import constraints, statements, written
from svc_knowledgebase.graph.model import EDGES, NODES, EdgeKind, Graph, NodeKind

_GRAPHML_TYPES = {"string": "string", "long": "long", "double": "double"}


def write_neo4j(graph: Graph, folder: Path) -> list[Path]:
    """CSV with the headers of `neo4j-admin database import full`, a file a label and a type."""
    written = []
    for kind in NODES:
        path = folder / f"nodes-{kind.label}.csv"
        header = node_header(kind)
        rows = (
            [node.id, *(node.properties[name] for name in kind.properties), kind.label]
            for node in graph.nodes(kind.label)
        )
        written.append(_write_csv(path, header, rows))
    for relation in EDGES:
        path = folder / f"edges-{relation.type}.csv"
        header = edge_header(relation)
        lines = (
            [edge.source, edge.target, *edge.properties.values(), relation.type]
            for edge in graph.edges(relation.type)
        )
        written.append(_write_csv(path, header, lines))
    return written


def node_header(kind: NodeKind) -> list[str]:
    """The columns of a label in the words of `neo4j-admin`."""
    properties = (f"{name}:{of}" for name, of in kind.properties.items())
    return [f"id:ID({kind.label})", *properties, ":LABEL"]


def edge_header(kind: EdgeKind) -> list[str]:
    """The columns of a type of relation."""
    properties = (f"{name}:{of}" for name, of in kind.properties.items())
    return [f":START_ID({kind.source})", f":END_ID({kind.target})", *properties, ":TYPE"]


def neo4j_command(paths: Sequence[Path]) -> str:
    """What imports them into an empty database."""
    nodes = " ".join(f"--nodes={path}" for path in paths if path.name.startswith("nodes-"))
    edges = " ".join(f"--relationships={path}" for path in paths if path.name.startswith("edges-"))
    parquet = any(path.suffix == ".parquet" for path in paths)
    reading = "--input-type=parquet" if parquet else "--multiline-fields=true"
    options = f"{reading} --overwrite-destination"
    return f"neo4j-admin database import full neo4j {options} {nodes} {edges}"


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path


def write_cypher(graph: Graph, folder: Path) -> list[Path]:
    """Statements that may be run again: everything is merged by its id."""
    path = folder / "graph.cypher"
    with path.open("w", encoding="utf-8") as out:
        for constraint in constraints():
            out.write(f"{constraint};\n")
        for statement in statements(graph):
            out.write(f"{written(statement)};\n")
    return [path]


def write_graphml(graph: Graph, folder: Path) -> list[Path]:
    """GraphML 1.0, as Gephi, yEd, igraph and NetworkX read it; ids carry their label."""
    path = folder / "graph.graphml"
    with path.open("w", encoding="utf-8") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        out.write('<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
        for name, kind in _keys("node"):
            _write_key(out, "node", name, kind)
        for name, kind in _keys("edge"):
            _write_key(out, "edge", name, kind)
        out.write('<graph edgedefault="directed">\n')
        for node_kind in NODES:
            for node in graph.nodes(node_kind.label):
                out.write(f"<node id={quoteattr(f'{node_kind.label}:{node.id}')}>")
                _write_data(out, "node", {"label": node_kind.label, **node.properties})
                out.write("</node>\n")
        for edge_kind in EDGES:
            for edge in graph.edges(edge_kind.type):
                source = quoteattr(f"{edge_kind.source}:{edge.source}")
                target = quoteattr(f"{edge_kind.target}:{edge.target}")
                out.write(f"<edge source={source} target={target}>")
                _write_data(out, "edge", {"type": edge_kind.type, **edge.properties})
                out.write("</edge>\n")
        out.write("</graph>\n</graphml>\n")
    return [path]


def _keys(what: str) -> list[tuple[str, str]]:
    kinds = NODES if what == "node" else EDGES
    found = {"label" if what == "node" else "type": "string"}
    for kind in kinds:
        found |= kind.properties
    return list(found.items())


def _write_key(out: TextIO, what: str, name: str, kind: str) -> None:
    out.write(
        f'<key id="{what}-{name}" for="{what}" attr.name="{name}" '
        f'attr.type="{_GRAPHML_TYPES[kind]}"/>\n'
    )


def _write_data(out: TextIO, what: str, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if value is not None:
            out.write(f'<data key="{what}-{name}">{escape(str(value))}</data>')


def write_json(graph: Graph, folder: Path) -> list[Path]:
    """One object of `nodes` and `edges`, as D3 and NetworkX read it (node-link)."""
    path = folder / "graph.json"
    nodes = (
        {"id": f"{kind.label}:{node.id}", "label": kind.label, **node.properties}
        for kind in NODES
        for node in graph.nodes(kind.label)
    )
    edges = (
        {
            "source": f"{kind.source}:{edge.source}",
            "target": f"{kind.target}:{edge.target}",
            "type": kind.type,
            **edge.properties,
        }
        for kind in EDGES
        for edge in graph.edges(kind.type)
    )
    with path.open("wb") as out:
        out.write(b'{"directed":true,"multigraph":true,"nodes":[')
        _write_items(out, nodes)
        out.write(b'],"edges":[')
        _write_items(out, edges)
        out.write(b"]}\n")
    return [path]


def _write_items(out: Any, items: Iterable[dict[str, Any]]) -> None:
    for number, item in enumerate(items):
        out.write((b",\n" if number else b"\n") + orjson.dumps(item))


def write_parquet(graph: Graph, folder: Path) -> list[Path]:
    """Parquet for `neo4j-admin database import full --input-type=parquet`."""
    # Polars is heavy, and the other forms need none of it.
    from svc_knowledgebase.graph.parquet import write_neo4j_parquet  # noqa: PLC0415

    return write_neo4j_parquet(graph, folder)


FORMS: dict[str, Callable[[Graph, Path], list[Path]]] = {
    "neo4j-csv": write_neo4j,
    "neo4j-parquet": write_parquet,
    "cypher": write_cypher,
    "graphml": write_graphml,
    "json": write_json,
}
