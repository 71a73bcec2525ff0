"""A small graph of real documents, and what the tests ask the embedded engine."""

import json
from pathlib import Path
from typing import Any

from shared_lib.contracts.knowledge import BuildOptions, Selection
from svc_knowledgebase.building.folder import build_folder
from svc_knowledgebase.graph.groups import read_categories, read_clusters
from svc_knowledgebase.graph.model import Graph

LONG = " ".join(f"word{number}" for number in range(60))
FILES = {
    "a/b/one.md": "# Pump\n\nValve's \u201cwheel\u201d \\ of the pump.\n\n# Fan\n\nAir & <more>.",
    "a/two.txt": f"{LONG} valve",
    "three.txt": f"{LONG} valve pump",
}
CLUSTERS = {
    "clusters": [
        {"id": "c7", "label": "pumps", "terms": [{"term": "pump", "score": 1}, "valve"]},
        {"id": "c1", "label": "unused", "terms": []},
    ],
    "assignment": [0, -1, 0, 0],
}
CATEGORIES = {
    "taxonomy": [{"id": "air", "label": "Air"}, {"id": "water", "label": "Water"}],
    "assignment": [[{"id": "water", "score": 0.75}], [{"id": "air", "score": 0.5}], [], []],
}


def build(folder: Path, target: Path) -> None:
    """Write the files and build them."""
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    build_folder(folder, target, selection=Selection(), options=BuildOptions())


def graph_of(base: Path) -> Graph:
    """With clusters and categories."""
    lines = (base / "records.jsonl").read_text(encoding="utf-8").splitlines()
    return Graph(
        (json.loads(line) for line in lines),
        clusters=read_clusters(json.dumps(CLUSTERS).encode()),
        categories=read_categories(json.dumps(CATEGORIES).encode()),
    )


def ask(connection: Any, question: str, parameters: dict[str, Any] | None = None) -> list[Any]:
    """The rows of an answer of ladybug."""
    answer = connection.execute(question, parameters or {})
    rows = []
    while answer.has_next():
        rows.append(answer.get_next())
    return rows


def counted(connection: Any, graph: Graph) -> dict[str, int]:
    """What the engine has, by label and type, as `Graph.counts` says it."""
    found = {}
    for name in graph.counts():
        pattern = f"(n:{name})" if name[1].islower() else f"()-[n:{name}]->()"
        found[name] = ask(connection, f"MATCH {pattern} RETURN count(*)")[0][0]
    return found
