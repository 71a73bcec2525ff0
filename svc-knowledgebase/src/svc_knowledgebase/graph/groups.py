"""Clusters and categories of records, as the objects of a build say them.

`clusters.json`: `clusters` with `id`, `label` and `terms` (words, or objects with a `term`), and
`assignment`, for each record the place of its cluster in that list, -1 for none.
`categories.json`: `taxonomy` (or `categories`) with `id` and `label`, and `assignment`, for each
record a list of `id` and `score`.
The place in an assignment is the record's line in `records.jsonl`, from 0. Both may say more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from svc_knowledgebase.graph.errors import GroupsDamagedError

CLUSTERS = "clusters.json"
CATEGORIES = "categories.json"


@dataclass(frozen=True)
class Group:
    """A cluster or a category."""

    id: str
    name: str
    terms: str = ""


@dataclass(frozen=True)
class Groups:
    """Groups, and for each record those that it is in, with a score where there is one."""

    groups: tuple[Group, ...] = ()
    of_record: Sequence[Sequence[tuple[str, float | None]]] = field(default=())

    def of(self, number: int) -> Sequence[tuple[str, float | None]]:
        """The groups of a record, by its line from 0; none where nothing was assigned."""
        return self.of_record[number] if number < len(self.of_record) else ()


def read_clusters(content: bytes) -> Groups:
    """What `clusters.json` says; outliers are in no cluster.

    Raises:
        GroupsDamagedError: it is something else.
    """
    try:
        told: Any = orjson.loads(content)
        groups = tuple(
            Group(str(each["id"]), str(each["label"]), _words(each.get("terms", [])))
            for each in told["clusters"]
        )
        ids = [each.id for each in groups]
        assigned = [() if place < 0 else ((ids[place], None),) for place in told["assignment"]]
    except (orjson.JSONDecodeError, LookupError, TypeError, AttributeError) as error:
        raise _damaged(CLUSTERS, error) from error
    return _checked(Groups(groups, assigned), CLUSTERS)


def read_categories(content: bytes) -> Groups:
    """What `categories.json` says.

    Raises:
        GroupsDamagedError: it is something else.
    """
    try:
        told: Any = orjson.loads(content)
        described = told["taxonomy"] if "taxonomy" in told else told["categories"]
        groups = tuple(Group(str(each["id"]), str(each["label"])) for each in described)
        assigned = [
            tuple((str(each["id"]), float(each["score"])) for each in record)
            for record in told["assignment"]
        ]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(CATEGORIES, error) from error
    return _checked(Groups(groups, assigned), CATEGORIES)


def _words(terms: Sequence[Any]) -> str:
    return ", ".join(str(each["term"]) if isinstance(each, dict) else str(each) for each in terms)


def _checked(groups: Groups, name: str) -> Groups:
    known = {group.id for group in groups.groups}
    used = {group for record in groups.of_record for group, _ in record}
    if used - known:
        raise _damaged(name, f"a record is in {min(used - known)}, which is not described")
    return groups


def _damaged(name: str, reason: object) -> GroupsDamagedError:
    return GroupsDamagedError(f"{name} cannot be understood: {reason!r}. Build the base again.")
