"""Which local files a push sends, as which datasets, under which names."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_ENDINGS = (".gz", ".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson")
_LONGEST_NAME = 100


class PushPlanError(ValueError):
    """It is not clear what to send, or as which dataset; the message says what to do."""


@dataclass(frozen=True)
class LocalFile:
    """A file and the path it takes inside the version."""

    path: Path
    name: str


@dataclass(frozen=True)
class Push:
    """Files that land together as the next version of a dataset."""

    dataset: str
    files: tuple[LocalFile, ...]


def plan_push(sources: Sequence[str | Path], *, dataset: str | None = None) -> list[Push]:
    """What to send.

    With `dataset` everything lands as one version of it. Without, each file is a dataset of its
    own that is called like the file, and a folder is one that is called like the folder and keeps
    its tree. Hidden files in a folder stay at home.

    Raises:
        PushPlanError: nothing is found, or two sources would become one dataset.
        FileNotFoundError: there is no such file.
    """
    found = [place for source in sources for place in _expand(source)]
    if not found:
        raise PushPlanError("There is nothing to send: name a file or a folder.")
    if dataset is not None:
        return [Push(dataset, _files_of_all(found))]
    pushes = [
        Push(dataset_name(place), tuple(_tree(place))) if place.is_dir() else _alone(place)
        for place in found
    ]
    counts = Counter(push.dataset for push in pushes)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise PushPlanError(
            f"{counts[twice[0]]} of the sources would become dataset '{twice[0]}'. Give --dataset "
            "to land them as one version, or send them one by one."
        )
    return pushes


def dataset_name(path: Path) -> str:
    """The dataset a file or folder is called after: `Sales 2024.csv.gz` is `Sales-2024`.

    Raises:
        PushPlanError: nothing of the name can be used.
    """
    name = path.resolve().name
    while name.lower().endswith(_ENDINGS) and len(Path(name).stem) < len(name):
        name = Path(name).stem
    usable = re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip("._-")[:_LONGEST_NAME].rstrip("-.")
    if not usable:
        raise PushPlanError(f"No dataset can be called after {path}. Give its name: --dataset NAME")
    return usable


def _expand(source: str | Path) -> list[Path]:
    path = Path(source)
    if path.exists():
        return [path]
    # A pattern that no shell has expanded, such as a quoted one.
    pattern = path.relative_to(path.anchor).as_posix()
    matches = sorted(Path(path.anchor).glob(pattern)) if any(c in pattern for c in "*?[") else []
    if not matches:
        raise FileNotFoundError(2, "No such file or folder", str(source))
    return [match for match in matches if match.is_file()]


def _alone(path: Path) -> Push:
    return Push(dataset_name(path), (LocalFile(path, path.name),))


def _tree(folder: Path) -> list[LocalFile]:
    files = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = Path(root).relative_to(folder)
        files += [
            LocalFile(Path(root, name), PurePosixPath(inside, name).as_posix())
            for name in sorted(names)
            if not name.startswith(".") and Path(root, name).is_file()
        ]
    if not files:
        raise PushPlanError(f"{folder} has no files (hidden ones are not sent).")
    return files


def _files_of_all(places: Iterable[Path]) -> tuple[LocalFile, ...]:
    """All files under names that differ: short ones when they do, below the common folder else."""
    files = [
        file
        for place in places
        for file in (_tree(place) if place.is_dir() else [LocalFile(place, place.name)])
    ]
    # The same file named twice, such as by a folder and by a pattern, is sent once.
    files = list({file.path.resolve(): file for file in files}.values())
    if len({file.name for file in files}) < len(files):
        paths = [file.path.resolve() for file in files]
        common = Path(os.path.commonpath(paths))
        files = [LocalFile(path, path.relative_to(common).as_posix()) for path in paths]
    return tuple(files)
