"""Folders with counts as a tree with ticks, ticks as patterns, and marked passages. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup, escape

MOST_FOLDERS = 1000
"""Folders on a page; what is deeper in the list is counted in its parents."""

_SPECIAL = re.compile(r"([\\*?\[\]!# ])")
_MARKED = re.compile("\u2039([^\u2039\u203a]*)\u203a")


@dataclass
class Branch:
    """A folder, its counts, and the folders in it."""

    path: str
    name: str
    counts: Mapping[str, Any]
    children: list["Branch"] = field(default_factory=list)

    @property
    def ticked(self) -> bool:
        """Whether all below it is read."""
        return bool(self.counts["files"]) and self.counts["selected_files"] == self.counts["files"]

    @property
    def begun(self) -> bool:
        """Whether some below it is read, and some not."""
        return bool(self.counts["selected_files"]) and not self.ticked


def branches(folders: Sequence[Mapping[str, Any]]) -> Branch:
    """The folders, which come by path, as a tree; the first is the top."""
    top = Branch(path="", name="everything", counts=folders[0])
    known = {"": top}
    for folder in folders[1:MOST_FOLDERS]:
        parent, _, name = folder["path"].rpartition("/")
        branch = known[folder["path"]] = Branch(path=folder["path"], name=name, counts=folder)
        known[parent].children.append(branch)
    return top


def patterns_of(folders: Iterable[str]) -> list[str]:
    """Include patterns for ticked folders; one inside another that is ticked adds nothing."""
    ticked = set(folders)
    if "" in ticked:
        return []
    outermost = [path for path in sorted(ticked) if not any(
        path.startswith(f"{other}/") for other in ticked
    )]  # fmt: skip
    # Nothing ticked reads nothing, and an empty list would read all.
    return [f"/{_escaped(path)}/" for path in outermost] or ["/.nothing/"]


def _escaped(path: str) -> str:
    return _SPECIAL.sub(r"\\\1", path)


def shown_passage(text: str) -> Markup:
    """A passage whose found words stand between \u2039 and \u203a, with these marked."""
    escaped = str(escape(text))
    return Markup(_MARKED.sub(r"<mark>\1</mark>", escaped))  # noqa: S704 - escaped before
