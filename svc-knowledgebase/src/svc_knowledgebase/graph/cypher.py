"""The graph as Cypher: batches of `UNWIND … MERGE`, which may be run again."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from svc_knowledgebase.graph.model import EDGES, NODES, Edge, EdgeKind, Graph, Node, NodeKind

BATCH = 500
"""Rows of one statement."""


@dataclass(frozen=True)
class Statement:
    """Cypher over `$rows`, and the rows."""

    cypher: str
    rows: list[dict[str, Any]]


def constraints() -> Iterator[str]:
    """An index for each label, without which merging a large graph takes forever."""
    for kind in NODES:
        name = f"{kind.label.lower()}_id"
        yield (
            f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{kind.label}) REQUIRE n.id IS UNIQUE"
        )


def statements(graph: Graph) -> Iterator[Statement]:
    """Nodes first, then relations. Properties that are null are left out."""
    for kind in NODES:
        for names, nodes in _alike(graph.nodes(kind.label), lambda node: node.properties):
            yield from _node_statements(kind, names, nodes)
    for relation in EDGES:
        for names, edges in _alike(graph.edges(relation.type), lambda edge: edge.properties):
            yield from _edge_statements(relation, names, edges)


def written(statement: Statement) -> str:
    """The statement with its rows in it."""
    return statement.cypher.replace("$rows", literal(statement.rows), 1)


def _alike(
    things: Iterable[Any], properties: Callable[[Any], dict[str, Any]]
) -> list[tuple[list[str], list[Any]]]:
    """Grouped by the properties that are not null."""
    groups: dict[tuple[str, ...], list[Any]] = {}
    for thing in things:
        names = tuple(name for name, value in properties(thing).items() if value is not None)
        groups.setdefault(names, []).append(thing)
    return [(list(names), found) for names, found in groups.items()]


def _node_statements(kind: NodeKind, names: list[str], nodes: list[Node]) -> Iterator[Statement]:
    cypher = f"UNWIND $rows AS row MERGE (n:{kind.label} {{id: row.id}}){_assign('n', names)}"
    for batch in _batches(nodes):
        yield Statement(
            cypher,
            [{"id": node.id, **{name: node.properties[name] for name in names}} for node in batch],
        )


def _edge_statements(kind: EdgeKind, names: list[str], edges: list[Edge]) -> Iterator[Statement]:
    cypher = (
        f"UNWIND $rows AS row MATCH (a:{kind.source} {{id: row.from_id}}) "
        f"MATCH (b:{kind.target} {{id: row.to_id}}) "
        f"MERGE (a)-[r:{kind.type}]->(b){_assign('r', names)}"
    )
    for batch in _batches(edges):
        yield Statement(
            cypher,
            [
                {"from_id": edge.source, "to_id": edge.target,
                 **{name: edge.properties[name] for name in names}}
                for edge in batch
            ],
        )  # fmt: skip


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
