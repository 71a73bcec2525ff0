"""The graph of a knowledge base, made from its records alone, one record after the other."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import log
from typing import Any

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
)  # fmt: skip
EDGES = (
    EdgeKind("HAS_FOLDER", "KnowledgeBase", "Folder", {}),
    EdgeKind("HAS_SUBFOLDER", "Folder", "Folder", {}),
    EdgeKind("HAS_DOCUMENT", "Folder", "Document", {}),
    EdgeKind("HAS_RECORD", "Document", "Record", {}),
    EdgeKind("NEXT", "Record", "Record", {}),
    EdgeKind("REPEATS", "Record", "Record", {}),
    EdgeKind("MENTIONS", "Document", "Term", {"weight": "double"}),
)


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

    def __init__(self, records: Iterable[Properties]) -> None:
        self._nodes: dict[str, dict[str, Node]] = {kind.label: {} for kind in NODES}
        self._edges: dict[str, list[Edge]] = {kind.type: [] for kind in EDGES}
        self._words: dict[str, Counter[str]] = defaultdict(Counter)
        last: Properties | None = None
        for record in records:
            self._add(record, last)
            last = record
        self._add_terms()

    def nodes(self, label: str) -> Iterator[Node]:
        """The nodes of a label, in the order in which they came."""
        return iter(self._nodes[label].values())

    def edges(self, kind: str) -> Iterator[Edge]:
        """The relations of a type."""
        return iter(self._edges[kind])

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
        self._words[document].update(word.lower() for word in _WORD.findall(record["text"]))

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
            # A word of one document alone leads nowhere in a graph, one of all leads everywhere.
            scored = [
                (count / words.total() * log(total / seen[word]), word)
                for word, count in words.items()
                if 1 < seen[word] < total
            ]
            for weight, word in sorted(scored, key=lambda each: (-each[0], each[1]))[:TERMS]:
                if word not in self._nodes["Term"]:
                    self._node("Term", word, {"text": word, "documents": seen[word]})
                self._edge("MENTIONS", document, word, weight=round(weight, 6))

    def _node(self, label: str, name: str, values: Properties) -> None:
        kind = next(each for each in NODES if each.label == label)
        chosen = {each: values[each] for each in kind.properties}
        self._nodes[label][name] = Node(kind, name, chosen)

    def _edge(self, kind: str, source: str, target: str, **properties: Any) -> None:
        spec = next(each for each in EDGES if each.type == kind)
        self._edges[kind].append(Edge(spec, source, target, properties))
