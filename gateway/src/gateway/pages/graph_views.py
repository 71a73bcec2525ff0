"""The graph of a knowledge base as a drawing and as the rows of tables. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from gateway.pages.views import show_count, show_counted
from shared_lib.charts import Link, LinkedGroup, LinkedItem, linked_columns

TOPICS = (
    ("Cluster", "Clusters", 2, "record"),
    ("Category", "Categories", 4, "record"),
    ("Term", "Terms", 3, "document"),
)
"""Label, heading, colour, and what their lines count."""
TOLD_FOLDERS = 3


@dataclass(frozen=True)
class Topic:
    """A term, cluster or category as a row of the table."""

    kind: str
    name: str
    terms: str
    records: int
    documents: int
    folders: str


def draw(view: Mapping[str, Any], *, focus: str | None) -> Markup:
    """Folders on the left, what they are about on the right; every row leads to its own lines."""
    nodes = {node["id"]: node for node in view["nodes"]}
    right = [
        LinkedGroup(title, series, [_item(node, noun=noun) for node in _of(view, label)])
        for label, title, series, noun in TOPICS
        if _of(view, label)
    ]
    links = [
        Link(
            source=edge["source"],
            target=edge["target"],
            weight=edge["weight"],
            shown=f"{_name(nodes[edge['source']])} and {_name(nodes[edge['target']])}: "
            f"{show_counted(edge['weight'], _counts(nodes[edge['target']]['label']))}",
        )
        for edge in topic_edges(view)
    ]
    folders = [_item(node, noun="record") for node in _of(view, "Folder")]
    drawn = linked_columns(
        LinkedGroup("Folders", 1, folders),
        right,
        links,
        title=f"What the folders of {view['base_name']} are about",
        description=f"{show_counted(len(folders), 'folder')} and "
        f"{show_counted(sum(len(group.items) for group in right), 'topic')} with "
        f"{show_counted(len(links), 'line')} between them; the same is in the tables below.",
        focus=focus if focus in nodes else None,
    )
    # The drawing escapes what it is given.
    return Markup(drawn)  # noqa: S704


def topic_edges(view: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The lines from folders to topics."""
    return [e for e in view["edges"] if e["type"] in ("MENTIONS", "IN_CLUSTER", "IN_CATEGORY")]


def topics(view: Mapping[str, Any]) -> list[Topic]:
    """The rows of the table, by kind, with the folders that have most of each."""
    nodes = {node["id"]: node for node in view["nodes"]}
    rows = []
    for label, _, _, _ in TOPICS:
        for node in _of(view, label):
            mine = sorted(
                (edge for edge in topic_edges(view) if edge["target"] == node["id"]),
                key=lambda edge: -edge["weight"],
            )
            told = [
                f"{_name(nodes[edge['source']])} ({show_count(edge['weight'])})"
                for edge in mine[:TOLD_FOLDERS]
            ]
            hidden = len(mine) - TOLD_FOLDERS
            more = [f"{hidden} more"] if hidden > 0 else []
            rows.append(
                Topic(
                    kind=label.lower(),
                    name=node["name"],
                    terms=node["terms"],
                    records=node["records"],
                    documents=node["documents"],
                    folders=", ".join([*told, *more]),
                )
            )
    return rows


def _of(view: Mapping[str, Any], label: str) -> Sequence[Mapping[str, Any]]:
    return [node for node in view["nodes"] if node["label"] == label]


def _counts(label: str) -> str:
    return next(noun for each, _, _, noun in TOPICS if each == label)


def _name(node: Mapping[str, Any]) -> str:
    """A folder by its path, so that two of the same name are told apart."""
    return str(node["path"] or node["name"])


def _item(node: Mapping[str, Any], *, noun: str) -> LinkedItem:
    amount = node[f"{noun}s"]
    return LinkedItem(
        id=node["id"],
        title=node["name"],
        note=show_counted(amount, noun),
        amount=amount,
        indent=node["depth"],
        href=f"?{urlencode({'focus': node['id']})}",
    )
