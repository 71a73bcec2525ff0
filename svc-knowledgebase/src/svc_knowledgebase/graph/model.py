"""The graph of a knowledge base, made from its records, one after the other, and their groups."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import log
from typing import Any

from svc_knowledgebase.graph.groups import Groups

TERMS = 8
"""Terms of a document: the words that tell it best from the others (TF-IDF)."""

_WORD = re.compile(r"(?<!\w)[^\W\d_]{3,30}(?!\w)")

Properties = dict[str, Any]


@dataclass(frozen=True)
class NodeKind:
    """A label, and the properties besides `id` with their types in Neo4j's words."""

    label: str
    properties: dict[str, str]


@dataclass(frozen=True)
class EdgeKind:
    """A type of relation between two labels."""

    type: str
    source: str
    target: str
    properties: dict[str, str]


NODES = (
    NodeKind("KnowledgeBase", {"name": "string"}),
    NodeKind("Folder", {"path": "string", "name": "string", "depth": "long"}),
    NodeKind(
        "Document",
        {"path": "string", "title": "string", "mime": "string", "language": "string",
         "sha256": "string", "bytes": "long"},
    ),
    NodeKind(
        "Record",
        {"text": "string", "position": "long", "element_type": "string", "section": "string",
         "page_from": "long", "page_to": "long", "tokens": "long"},
    ),
    NodeKind("Term", {"text": "string", "documents": "long"}),
    NodeKind("Cluster", {"name": "string", "terms": "string", "records": "long"}),
    NodeKind("Category", {"name": "string", "records": "long"}),
)  # fmt: skip
EDGES = (
    EdgeKind("HAS_FOLDER", "KnowledgeBase", "Folder", {}),
    EdgeKind("HAS_SUBFOLDER", "Folder", "Folder", {}),
    EdgeKind("HAS_DOCUMENT", "Folder", "Document", {}),
    EdgeKind("HAS_RECORD", "Document", "Record", {}),
    EdgeKind("NEXT", "Record", "Record", {}),
    EdgeKind("REPEATS", "Record", "Record", {}),
    EdgeKind("MENTIONS", "Document", "Term", {"weight": "double"}),
    EdgeKind("IN_CLUSTER", "Record", "Cluster", {}),
    EdgeKind("IN_CATEGORY", "Record", "Category", {"score": "double"}),
)
NODES_BY_LABEL = {kind.label: kind for kind in NODES}
EDGES_BY_TYPE = {kind.type: kind for kind in EDGES}


@dataclass(frozen=True)
class Node:
    """A node; `id` is unique among the nodes of its label."""

    kind: NodeKind
    id: str
    properties: Properties


@dataclass(frozen=True)
class Edge:
    """A relation between two nodes."""

    kind: EdgeKind
    source: str
    target: str
    properties: Properties


class Graph:
    """Nodes and edges by kind. Only texts of records are kept once; nothing is computed twice."""

    def __init__(
        self,
        records: Iterable[Properties],
        *,
        clusters: Groups | None = None,
        categories: Groups | None = None,
    ) -> None:
        self._nodes: dict[str, dict[str, Node]] = {kind.label: {} for kind in NODES}
        self._edges: dict[str, list[Edge]] = {kind.type: [] for kind in EDGES}
        self._words: dict[str, Counter[str]] = defaultdict(Counter)
        grouped = (
            ("Cluster", "IN_CLUSTER", clusters or Groups()),
            ("Category", "IN_CATEGORY", categories or Groups()),
        )
        last: Properties | None = None
        for number, record in enumerate(records):
            self._add(record, last)
            for _, relation, groups in grouped:
                self._join(relation, groups, number, record)
            last = record
        for label, relation, groups in grouped:
            self._add_groups(label, relation, groups)
        self._add_terms()

    def nodes(self, label: str) -> Iterator[Node]:
        """The nodes of a label, in the order in which they came."""
        return iter(self._nodes[label].values())

    def edges(self, kind: str) -> Iterator[Edge]:
        """The relations of a type."""
        return iter(self._edges[kind])

    def counts(self) -> dict[str, int]:
        """How many nodes each label has and how many relations each type, in their order."""
        nodes = {kind.label: len(self._nodes[kind.label]) for kind in NODES}
        return nodes | {kind.type: len(self._edges[kind.type]) for kind in EDGES}

    def _add(self, record: Properties, last: Properties | None) -> None:
        document = record["document_id"]
        if document not in self._nodes["Document"]:
            self._add_document(record)
        section = " / ".join(record["section_path"])
        self._node("Record", record["id"], {**record, "section": section})
        self._edge("HAS_RECORD", document, record["id"])
        if last is not None and last["document_id"] == document:
            self._edge("NEXT", last["id"], record["id"])
        if record["near_duplicate_of"]:
            self._edge("REPEATS", record["id"], record["near_duplicate_of"])
        self._words[document].update(_WORD.findall(record["text"].lower()))

    def _join(self, relation: str, groups: Groups, number: int, record: Properties) -> None:
        for group, score in groups.of(number):
            properties = {} if score is None else {"score": score}
            self._edge(relation, record["id"], f"{record['source']}/{group}", **properties)

    def _add_groups(self, label: str, relation: str, groups: Groups) -> None:
        """Groups that have records; their ids begin with the base's, as folders' do."""
        sizes = Counter(edge.target for edge in self._edges[relation])
        for group in groups.groups:
            for base in self._nodes["KnowledgeBase"]:
                name = f"{base}/{group.id}"
                if sizes[name]:
                    values = {"name": group.name, "terms": group.terms, "records": sizes[name]}
                    self._node(label, name, values)

    def _add_document(self, record: Properties) -> None:
        base = record["source"]
        if base not in self._nodes["KnowledgeBase"]:
            self._node("KnowledgeBase", base, {"name": base})
        above: str | None = None
        for depth, name in enumerate(["", *record["subfolders"]]):
            path = "/".join(record["subfolders"][:depth])
            folder = f"{base}/{path}" if path else f"{base}/"
            if folder not in self._nodes["Folder"]:
                self._node("Folder", folder, {"path": path, "name": name or base, "depth": depth})
                if above is None:
                    self._edge("HAS_FOLDER", base, folder)
                else:
                    self._edge("HAS_SUBFOLDER", above, folder)
            above = folder
        self._node("Document", record["document_id"], record)
        self._edge("HAS_DOCUMENT", above or base, record["document_id"])

    def _add_terms(self) -> None:
        seen = Counter(word for words in self._words.values() for word in words)
        total = len(self._words)
        for document, words in self._words.items():
            length = words.total()
            # A word of one document alone leads nowhere in a graph, one of all leads everywhere.
            scored = [
                (count / length * log(total / seen[word]), word)
                for word, count in words.items()
                if 1 < seen[word] < total
            ]
            for weight, word in sorted(scored, key=lambda each: (-each[0], each[1]))[:TERMS]:
                if word not in self._nodes["Term"]:
                    self._node("Term", word, {"text": word, "documents": seen[word]})
                self._edge("MENTIONS", document, word, weight=round(weight, 6))

    def _node(self, label: str, name: str, values: Properties) -> None:
        kind = NODES_BY_LABEL[label]
        chosen = {each: values[each] for each in kind.properties}
        self._nodes[label][name] = Node(kind, name, chosen)

    def _edge(self, kind: str, source: str, target: str, **properties: Any) -> None:
        self._edges[kind].append(Edge(EDGES_BY_TYPE[kind], source, target, properties))
