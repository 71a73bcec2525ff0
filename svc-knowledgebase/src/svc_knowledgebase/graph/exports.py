"""The graph as files: for `neo4j-admin`, as Cypher, GraphML and JSON."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TextIO
from xml.sax.saxutils import escape, quoteattr

import orjson

from svc_knowledgebase.graph.model import EDGES, NODES, Edge, EdgeKind, Graph, Node, NodeKind

BATCH = 500
"""Rows of one Cypher statement."""

_GRAPHML_TYPES = {"string": "string", "long": "long", "double": "double"}


def write_neo4j(graph: Graph, folder: Path) -> list[Path]:
    """CSV with the headers of `neo4j-admin database import full`, a file a label and a type."""
    written = []
    for kind in NODES:
        path = folder / f"nodes-{kind.label}.csv"
        header = [f"id:ID({kind.label})", *(f"{n}:{t}" for n, t in kind.properties.items())]
        rows = (
            [node.id, *(node.properties[name] for name in kind.properties), kind.label]
            for node in graph.nodes(kind.label)
        )
        written.append(_write_csv(path, [*header, ":LABEL"], rows))
    for relation in EDGES:
        path = folder / f"edges-{relation.type}.csv"
        ends = [f":START_ID({relation.source})", f":END_ID({relation.target})"]
        header = [*ends, *(f"{n}:{t}" for n, t in relation.properties.items()), ":TYPE"]
        lines = (
            [edge.source, edge.target, *edge.properties.values(), relation.type]
            for edge in graph.edges(relation.type)
        )
        written.append(_write_csv(path, header, lines))
    return written


def neo4j_command(paths: Sequence[Path]) -> str:
    """What imports them into an empty database."""
    nodes = " ".join(f"--nodes={path}" for path in paths if path.name.startswith("nodes-"))
    edges = " ".join(f"--relationships={path}" for path in paths if path.name.startswith("edges-"))
    options = "--multiline-fields=true --overwrite-destination"
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
        for statement in chain(constraints(), statements(graph)):
            out.write(f"{statement};\n")
    return [path]


def constraints() -> Iterator[str]:
    """An index for each label, without which merging a large graph takes forever."""
    for kind in NODES:
        name = f"{kind.label.lower()}_id"
        yield (
            f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{kind.label}) REQUIRE n.id IS UNIQUE"
        )


def statements(graph: Graph) -> Iterator[str]:
    """`UNWIND … MERGE` in batches: nodes first. Properties that are null are left out."""
    for kind in NODES:
        for names, nodes in _alike(graph.nodes(kind.label), lambda node: node.properties):
            yield from _node_statements(kind, names, nodes)
    for relation in EDGES:
        for names, edges in _alike(graph.edges(relation.type), lambda edge: edge.properties):
            yield from _edge_statements(relation, names, edges)


def _alike(
    things: Iterable[Any], properties: Callable[[Any], dict[str, Any]]
) -> list[tuple[list[str], list[Any]]]:
    """Grouped by the properties that are not null."""
    groups: dict[tuple[str, ...], list[Any]] = {}
    for thing in things:
        names = tuple(name for name, value in properties(thing).items() if value is not None)
        groups.setdefault(names, []).append(thing)
    return [(list(names), found) for names, found in groups.items()]


def _node_statements(kind: NodeKind, names: list[str], nodes: list[Node]) -> Iterator[str]:
    tail = f"AS row MERGE (n:{kind.label} {{id: row.id}})"
    for batch in _batches(nodes):
        rows = [{"id": node.id, **{name: node.properties[name] for name in names}}
                for node in batch]  # fmt: skip
        yield f"UNWIND {literal(rows)} {tail}{_assign('n', names)}"


def _edge_statements(kind: EdgeKind, names: list[str], edges: list[Edge]) -> Iterator[str]:
    tail = (
        f"AS row MATCH (a:{kind.source} {{id: row.from_id}}) MATCH (b:{kind.target} "
        f"{{id: row.to_id}}) MERGE (a)-[r:{kind.type}]->(b)"
    )
    for batch in _batches(edges):
        rows = [
            {"from_id": edge.source, "to_id": edge.target,
             **{name: edge.properties[name] for name in names}}
            for edge in batch
        ]  # fmt: skip
        yield f"UNWIND {literal(rows)} {tail}{_assign('r', names)}"


def _assign(variable: str, names: list[str]) -> str:
    pairs = ", ".join(f"{variable}.{name} = row.{name}" for name in names)
    return f" SET {pairs}" if pairs else ""


def _batches(things: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(things), BATCH):
        yield things[start : start + BATCH]


def literal(value: Any) -> str:
    """A value in Cypher; nothing in a text can end it."""
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {literal(each)}" for name, each in value.items()) + "}"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return "'" + escaped.replace("\n", "\\n").replace("\r", "\\r") + "'"
    return repr(value)


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


FORMS: dict[str, Callable[[Graph, Path], list[Path]]] = {
    "neo4j": write_neo4j,
    "cypher": write_cypher,
    "graphml": write_graphml,
    "json": write_json,
}
