"""The overview is bounded, and what it shows is what the graph says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svc_knowledgebase.graph.errors import GroupsDamagedError
from svc_knowledgebase.graph.groups import Group, Groups, read_categories, read_clusters
from svc_knowledgebase.graph.model import Graph
from svc_knowledgebase.graph.overview import FOLDERS, GROUPS, LINES, TERMS, overview


def record(number: int, path: str, text: str = "") -> dict[str, Any]:
    """A record of its own document."""
    folders = path.split("/")[:-1]
    return {
        "id": f"kr_{number}", "document_id": f"kd_{path}", "source": "manuals", "path": path,
        "subfolders": folders, "title": path, "mime": "text/plain", "language": "en",
        "sha256": "0", "bytes": 1, "text": text, "position": number, "element_type": "paragraph",
        "section_path": [], "page_from": None, "page_to": None, "tokens": 1,
        "near_duplicate_of": None,
    }  # fmt: skip


def test_what_is_shown(graph: Graph) -> None:
    found = overview(graph)
    folders = [node for node in found.nodes if node.label == "Folder"]
    assert [(node.name, node.records, node.documents, node.depth) for node in folders] == [
        ("docs", 4, 3, 0), ("a", 3, 2, 1), ("b", 2, 1, 2),
    ]  # fmt: skip
    lines = {(e.source, e.type, e.target): e.weight for e in found.edges}
    assert lines == {
        ("KnowledgeBase:docs", "HAS_FOLDER", "Folder:docs/"): 4,
        ("Folder:docs/", "HAS_SUBFOLDER", "Folder:docs/a"): 3,
        ("Folder:docs/a", "HAS_SUBFOLDER", "Folder:docs/a/b"): 2,
        ("Folder:docs/a/b", "MENTIONS", "Term:pump"): 1,
        ("Folder:docs/", "MENTIONS", "Term:pump"): 1,
        ("Folder:docs/a/b", "IN_CLUSTER", "Cluster:docs/c7"): 1,
        ("Folder:docs/a", "IN_CLUSTER", "Cluster:docs/c7"): 1,
        ("Folder:docs/", "IN_CLUSTER", "Cluster:docs/c7"): 1,
        ("Folder:docs/a/b", "IN_CATEGORY", "Category:docs/water"): 1,
        ("Folder:docs/a/b", "IN_CATEGORY", "Category:docs/air"): 1,
    }
    (cluster,) = [node for node in found.nodes if node.label == "Cluster"]
    assert (cluster.name, cluster.terms, cluster.records, cluster.documents) == (
        "pumps", "pump, valve", 3, 3,
    )  # fmt: skip
    assert found.left_out == {}


PATHS = st.lists(st.sampled_from("abcdefg"), max_size=4).map(lambda each: "/".join([*each, "f"]))


@given(paths=st.lists(PATHS, max_size=80), groups=st.integers(0, 40))
def test_it_is_bounded_and_whole(paths: list[str], groups: int) -> None:
    """Every end of a line is shown, every shown folder has the one above it, all is counted."""
    records = [
        record(n, f"{path}{n}", f"word{n % 7:c<3} wordx{'abcdefghij'[n % 10]}")
        for n, path in enumerate(paths)
    ]
    named = tuple(Group(str(n), f"g{n}") for n in range(groups))
    assigned = [((str(n % groups), None),) if groups else () for n in range(len(paths))]
    graph = Graph(records, clusters=Groups(named, assigned))
    found = overview(graph)

    shown = {node.id for node in found.nodes}
    assert len(shown) == len(found.nodes) <= 1 + FOLDERS + TERMS + 2 * GROUPS
    assert all({edge.source, edge.target} <= shown for edge in found.edges)
    assert len(found.edges) <= FOLDERS + 3 * LINES
    linked = {edge.target for edge in found.edges}
    assert all(node.id in linked for node in found.nodes if node.label != "KnowledgeBase")
    folders = [node for node in found.nodes if node.label == "Folder"]
    above = {e.target: e.source for e in found.edges if e.type == "HAS_SUBFOLDER"}
    paths_of = {node.id: node.path for node in folders}
    for node in folders:
        # Names put together from the top are the path.
        upper = paths_of[above[node.id]] if node.depth else None
        assert node.path == ("" if upper is None else f"{upper}/{node.name}".lstrip("/"))
    for label in ("Folder", "Cluster"):
        visible = sum(node.label == label for node in found.nodes)
        assert visible + found.left_out.get(label, 0) == found.counts[label]
    tops = [
        node for node in found.nodes if node.label in ("KnowledgeBase", "Folder") and not node.path
    ]
    assert all(node.records == len(paths) for node in tops)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b'{"clusters": []}', b'{"clusters": [{"id": 0}], "assignment": []}',
        b'{"clusters": [], "assignment": [3]}', b'{"clusters": 1, "assignment": [1]}',
    ],
)  # fmt: skip
def test_damaged_groups_are_told(content: bytes) -> None:
    with pytest.raises(GroupsDamagedError, match=r"clusters\.json"):
        read_clusters(content)
    with pytest.raises(GroupsDamagedError, match=r"categories\.json"):
        read_categories(
            content.replace(b"clusters", b"categories").replace(b"[3]", b'[[{"id":1}]]')
        )
