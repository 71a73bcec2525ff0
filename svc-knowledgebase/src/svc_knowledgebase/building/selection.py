"""Which files of a folder are read, and the folder as a tree with counts."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pathspec

from shared_lib.contracts.errors import InvalidInputError
from shared_lib.contracts.knowledge import Selection


class BadPatternError(InvalidInputError):
    """A pattern of the selection cannot be understood."""

    code = "bad_pattern"
    title = "The pattern cannot be understood"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file below the folder.

    Attributes:
        path: inside the folder, with forward slashes; bytes that are no UTF-8 as `\\xNN`.
        place: where it lies.
        link: a symbolic link, which is never followed.
        stamp: changes when the file does; a file with the same stamp is not read again.
    """

    path: str
    place: Path
    bytes: int
    link: bool
    stamp: str


class Selector:
    """Says of a path whether it is selected.

    Raises:
        BadPatternError: a pattern cannot be understood.
    """

    def __init__(self, selection: Selection) -> None:
        self._include = _spec(selection.include, "include")
        self._exclude = _spec(selection.exclude, "exclude")
        self._all = not selection.include

    def selects(self, path: str) -> bool:
        """Whether the file is read."""
        wanted = self._all or self._include.match_file(path)
        return wanted and not self._exclude.match_file(path)


def _spec(patterns: Iterable[str], field: str) -> pathspec.GitIgnoreSpec:
    try:
        return pathspec.GitIgnoreSpec.from_lines(patterns)
    except ValueError as error:
        raise BadPatternError(f"A pattern is not understood: {error}.", field=field) from error


def walk(root: Path) -> Iterator[FoundFile]:
    """Every file below a folder, in the order of their paths; links are told of, not followed."""
    return iter(sorted(_scan(root), key=lambda found: found.path))


def _scan(root: Path) -> Iterator[FoundFile]:
    folders = [(root, "")]
    while folders:
        folder, above = folders.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                path = above + _shown(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    folders.append((Path(entry.path), f"{path}/"))
                elif entry.is_file(follow_symlinks=False) or entry.is_symlink():
                    stat = entry.stat(follow_symlinks=False)
                    yield FoundFile(
                        path=path,
                        place=Path(entry.path),
                        bytes=stat.st_size,
                        link=entry.is_symlink(),
                        stamp=f"{stat.st_size}-{stat.st_mtime_ns}-{stat.st_ctime_ns}-{stat.st_ino}",
                    )


def _shown(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")


@dataclass
class FolderCount:
    """A folder of the tree: what is in it and below."""

    path: str
    files: int = 0
    bytes: int = 0
    selected_files: int = 0
    selected_bytes: int = 0


def tree(files: Iterable[tuple[str, int]], selector: Selector) -> list[FolderCount]:
    """Every folder by path with the counts of all below it; the first is the top, path ``."""
    folders: dict[str, FolderCount] = {"": FolderCount("")}
    for path, size in files:
        selected = selector.selects(path)
        parts = path.split("/")[:-1]
        for depth in range(len(parts) + 1):
            name = "/".join(parts[:depth])
            count = folders.setdefault(name, FolderCount(name))
            count.files += 1
            count.bytes += size
            count.selected_files += selected
            count.selected_bytes += size * selected
    return [folders[name] for name in sorted(folders)]
