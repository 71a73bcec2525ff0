"""The graph in few nodes: the largest folders, and what most of their documents are about."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from shared_lib.contracts.graphs import GraphEdge, GraphLabel, GraphNode, GraphOverview
from svc_knowledgebase.graph.model import Graph, Node

FOLDERS = 24
TERMS = 14
GROUPS = 12
"""Clusters, and categories, that are shown."""
LINES = 60
"""Relations that are shown from folders to terms, to clusters and to categories, each."""


class _Tally:
    """What lies in which folder."""

    def __init__(self, graph: Graph) -> None:
        self.above = {edge.target: edge.source for edge in graph.edges("HAS_SUBFOLDER")}
        self.below: defaultdict[str, list[str]] = defaultdict(list)
        for folder, above in self.above.items():
            self.below[above].append(folder)
        self.folder_of = {edge.target: edge.source for edge in graph.edges("HAS_DOCUMENT")}
        self.document_of = {edge.target: edge.source for edge in graph.edges("HAS_RECORD")}
        self.records = Counter(self.document_of.values())
        self.records_below: Counter[str] = Counter()
        self.documents_below: Counter[str] = Counter()
        for document, folder in self.folder_of.items():
            for each in self.chain(folder):
                self.records_below[each] += self.records[document]
                self.documents_below[each] += 1

    def chain(self, folder: str) -> Iterable[str]:
        """The folder, the one above it, and so on to the top."""
        at: str | None = folder
        while at is not None:
            yield at
            at = self.above.get(at)

    def only_leads_on(self, folder: str) -> bool:
        """Whether it holds nothing but one other folder."""
        below = self.below[folder]
        return len(below) == 1 and (self.documents_below[folder] == self.documents_below[below[0]])

    def shown_above(self, folder: str, shown: set[str]) -> str | None:
        """The deepest shown folder above it; None for the top."""
        return next((each for each in self.chain(folder) if each in shown - {folder}), None)

    def shown_folder(self, folder: str, shown: set[str]) -> str:
        """The deepest one at or above it that is shown; the top always is."""
        return next(each for each in self.chain(folder) if each in shown)


def overview(graph: Graph) -> GraphOverview:
    """The overview; the same for the same records and groups."""
    tally = _Tally(graph)
    bases = [
        _node("KnowledgeBase", node.id, node.properties["name"],
              records=len(tally.document_of), documents=len(tally.folder_of))
        for node in graph.nodes("KnowledgeBase")
    ]  # fmt: skip
    folders = _folders(graph, tally)
    shown = {node.id.partition(":")[2] for node in folders}
    edges = _tree(graph, tally, shown)
    nodes = [*bases, *folders]
    if shown:
        for found, lines in (_terms(graph, tally, shown), *_groups(graph, tally, shown)):
            nodes += found
            edges += lines
    counts = graph.counts()
    labels = Counter(node.label for node in nodes)
    left_out = {
        label: counts[label] - labels[label]
        for label in ("Folder", "Term", "Cluster", "Category")
        if counts[label] > labels[label]
    }
    return GraphOverview(counts=counts, nodes=nodes, edges=edges, left_out=left_out)


def _folders(graph: Graph, tally: _Tally) -> list[GraphNode]:
    """The folders with most records, by path. One that only leads on is shown with the next."""
    told = (
        node
        for node in graph.nodes("Folder")
        if node.id not in tally.above or not tally.only_leads_on(node.id)
    )
    # What is above has at least as many, and is less deep: it comes before what is in it.
    found = sorted(
        told,
        key=lambda node: (
            -tally.records_below[node.id], node.properties["depth"], node.properties["path"],
        ),
    )[:FOLDERS]  # fmt: skip
    found.sort(key=lambda node: PurePosixPath(node.properties["path"]).parts)
    shown = {node.id for node in found}
    return [
        _node(
            "Folder",
            node.id,
            _relative(node, tally.shown_above(node.id, shown)),
            records=tally.records_below[node.id],
            documents=tally.documents_below[node.id],
            depth=sum(each in shown for each in tally.chain(node.id)) - 1,
            path=node.properties["path"],
        )
        for node in found
    ]


def _relative(node: Node, above: str | None) -> str:
    """Its path inside the shown folder above it; the name of the top."""
    if above is None:
        return str(node.properties["name"])
    return node.id.removeprefix(above).lstrip("/")


def _tree(graph: Graph, tally: _Tally, shown: set[str]) -> list[GraphEdge]:
    """From the base to the top, and from each shown folder to the next ones that are."""
    tops = [
        _edge("HAS_FOLDER", edge.source, edge.target, tally.records_below[edge.target])
        for edge in graph.edges("HAS_FOLDER")
        if edge.target in shown
    ]
    inner = [
        _edge("HAS_SUBFOLDER", above, folder, tally.records_below[folder])
        for folder in sorted(shown)
        if (above := tally.shown_above(folder, shown)) is not None
    ]
    return [*tops, *inner]


def _terms(graph: Graph, tally: _Tally, shown: set[str]) -> tuple[list[GraphNode], list[GraphEdge]]:
    """The terms that tell most of most documents: by the sum of their weights."""
    mentions = list(graph.edges("MENTIONS"))
    documents = Counter(edge.target for edge in mentions)
    weights: defaultdict[str, float] = defaultdict(float)
    for edge in mentions:
        weights[edge.target] += edge.properties["weight"]
    best = sorted(weights.items(), key=lambda each: (-round(each[1], 6), each[0]))[:TERMS]
    chosen = {term: documents[term] for term, _ in best}
    records: Counter[str] = Counter()
    between: Counter[tuple[str, str]] = Counter()
    for edge in mentions:
        if edge.target in chosen:
            records[edge.target] += tally.records[edge.source]
            folder = tally.shown_folder(tally.folder_of[edge.source], shown)
            between[folder, edge.target] += 1
    nodes = [
        _node("Term", term, term, records=records[term], documents=count)
        for term, count in chosen.items()
    ]
    return nodes, _lines("MENTIONS", between)


def _groups(
    graph: Graph, tally: _Tally, shown: set[str]
) -> Iterable[tuple[list[GraphNode], list[GraphEdge]]]:
    """The largest clusters, then the largest categories."""
    labels: tuple[tuple[GraphLabel, str], ...] = (
        ("Cluster", "IN_CLUSTER"),
        ("Category", "IN_CATEGORY"),
    )
    for label, relation in labels:
        found = sorted(graph.nodes(label), key=lambda node: (-node.properties["records"], node.id))
        chosen = {node.id: node for node in found[:GROUPS]}
        documents: dict[str, set[str]] = {name: set() for name in chosen}
        between: Counter[tuple[str, str]] = Counter()
        for edge in graph.edges(relation):
            if edge.target in chosen:
                document = tally.document_of[edge.source]
                documents[edge.target].add(document)
                folder = tally.shown_folder(tally.folder_of[document], shown)
                between[folder, edge.target] += 1
        nodes = [
            _node(label, name, node.properties["name"], records=node.properties["records"],
                  documents=len(documents[name]), terms=node.properties.get("terms", ""))
            for name, node in chosen.items()
        ]  # fmt: skip
        yield nodes, _lines(relation, between)


def _lines(relation: str, between: Counter[tuple[str, str]]) -> list[GraphEdge]:
    """The strongest of them, and of each topic at least one."""
    ranked = sorted(between.items(), key=lambda each: (-each[1], each[0]))
    best: dict[str, tuple[str, str]] = {}
    for pair, _ in ranked:
        best.setdefault(pair[1], pair)
    needed = set(best.values())
    others = [each for each in ranked if each[0] not in needed][: max(LINES - len(needed), 0)]
    chosen = [each for each in ranked if each[0] in needed] + others
    return [_edge(relation, source, target, weight) for (source, target), weight in chosen]


def _node(label: GraphLabel, name: str, shown: str, **facts: Any) -> GraphNode:
    return GraphNode(id=f"{label}:{name}", label=label, name=shown, **facts)


_ENDS = {
    "HAS_FOLDER": ("KnowledgeBase", "Folder"),
    "HAS_SUBFOLDER": ("Folder", "Folder"),
    "MENTIONS": ("Folder", "Term"),
    "IN_CLUSTER": ("Folder", "Cluster"),
    "IN_CATEGORY": ("Folder", "Category"),
}


def _edge(relation: str, source: str, target: str, weight: int) -> GraphEdge:
    of, to = _ENDS[relation]
    return GraphEdge(source=f"{of}:{source}", target=f"{to}:{target}", type=relation, weight=weight)
