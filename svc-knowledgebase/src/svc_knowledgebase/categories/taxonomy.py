"""The categories of a base: its folders, or a list; and what is labelled with them already."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared_lib.contracts.groups import Category, Taxonomy
from svc_knowledgebase.clusters.space import Ints
from svc_knowledgebase.clusters.terms import telling_terms

FEWEST = 3
"""Records of the smallest folder that is a category."""
MOST = 200
TERMS_OF_FOLDER = 8


@dataclass(frozen=True)
class Labelled:
    """Categories, and the place of each record's own among them; -1 has none [n]."""

    categories: tuple[Category, ...]
    labels: Ints


def label_records(
    taxonomy: Taxonomy, folders: Sequence[Sequence[str]], texts: Sequence[str]
) -> Labelled:
    """The categories of a taxonomy, with the labels that the folder tree gives.

    Folders of one depth are the categories: the least depth at which there are two with three
    records each, when none is given. A folder is described by its most telling terms.

    Args:
        taxonomy: folders or a list.
        folders: of each record, from the top [n].
        texts: of each record [n].
    """
    if taxonomy.kind == "list":
        return Labelled(tuple(taxonomy.categories), np.full(len(texts), -1, dtype=np.int64))
    paths = _paths_at(folders, taxonomy.depth) if taxonomy.depth else _least_depth(folders)
    names = {path: number for number, path in enumerate(sorted(_big(paths)))}
    labels = np.array([names.get(path or "", -1) for path in paths], dtype=np.int64)
    terms = telling_terms(texts, labels, groups=len(names), count=TERMS_OF_FOLDER)
    categories = tuple(
        Category(id=path, label=readable(path), description=", ".join(t.term for t in terms[place]))
        for path, place in names.items()
    )
    return Labelled(categories, labels)


def readable(path: str) -> str:
    """A folder's own name as words: `a/reset_valves-2025` is `reset valves 2025`."""
    name = path.rpartition("/")[2]
    return re.sub(r"[\s_.-]+", " ", name).strip()[:200] or name[:200]


def _least_depth(folders: Sequence[Sequence[str]]) -> list[str | None]:
    deepest = max((len(each) for each in folders), default=0)
    for depth in range(1, deepest + 1):
        paths = _paths_at(folders, depth)
        if len(_big(paths)) > 1:
            return paths
    return [None] * len(folders)


def _paths_at(folders: Sequence[Sequence[str]], depth: int) -> list[str | None]:
    """The folder at a depth that each record is in or below; None of those above it."""
    return ["/".join(each[:depth]) if len(each) >= depth else None for each in folders]


def _big(paths: Sequence[str | None]) -> set[str]:
    counts = Counter(path for path in paths if path is not None and len(path) <= 500)
    return {path for path, count in counts.most_common(MOST) if count >= FEWEST}
