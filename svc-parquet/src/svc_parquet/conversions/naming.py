"""Names of tables: after their files, and after their place in a file of several tables."""

import re
from collections import Counter
from collections.abc import Container, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared_lib.contracts.conversions import TableSource

COMPRESSED = (".gz", ".bz2", ".zst", ".xz")
ENDINGS = frozenset(
    {
        *COMPRESSED,
        *(".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson", ".json"),
        *(".zip", ".tar", ".tgz"),
        *(".html", ".htm", ".xml", ".pdf"),
        *(".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
        *(".parquet", ".pq", ".arrow", ".feather", ".ipc", ".orc", ".avro"),
    }
)
"""Endings that say how a file is written, and no more."""
_UNSAFE = re.compile(r'[\x00-\x1f<>:"\\|?*]')


def name_tables(paths: list[str], *, dataset: str) -> dict[str, str]:
    """The tables' names inside their dataset, by path.

    One file in a version is the dataset's table, whatever the file is called. Of several, each is
    named after its path without the endings of its format; files that would then share a name
    (`a.csv`, `a.tsv`) keep the whole of it.
    """
    if len(paths) == 1:
        return {paths[0]: dataset}
    short = {path: without_endings(path) for path in paths}
    taken = Counter(short.values())
    return {path: name if taken[name] == 1 else path for path, name in short.items()}


def name_parts(sources: Sequence["TableSource"], *, file: str, path: str) -> list[str]:
    """The names of a file's tables: the file's own for one, its parts below it for several.

    Args:
        sources: where they were found.
        file: the name of the file's own table.
        path: the way to the file, with which the paths of its tables begin.
    """
    if len(sources) == 1:
        return [file]
    inner = [(source.path or "").removeprefix(path).removeprefix("/") for source in sources]
    paths = Counter(without_endings(each) for each in inner if each)
    single = Counter(inner)
    names: dict[str, None] = {}
    for source, below in zip(sources, inner, strict=True):
        steps = [file]
        if below:
            short = without_endings(below)
            steps.append(short if paths[short] == single[below] else below)
        if source.name is not None:
            steps.append(source.name)
        names[_free("/".join(steps), taken=names)] = None
    return list(names)


def without_endings(path: str) -> str:
    """A path without the endings of its format."""
    pure = PurePosixPath(path)
    while pure.suffix.lower() in ENDINGS and pure.stem:
        pure = pure.with_suffix("")
    return str(pure)


def safe_path(name: str) -> Path:
    """A table's name as a path that stays below its folder on every system."""
    steps = [_UNSAFE.sub("_", step).strip() for step in name.split("/")]
    return Path(*(step if step.strip(".") else "_" for step in steps))


def _free(name: str, *, taken: Container[str]) -> str:
    number, wanted = 2, name
    while wanted in taken:
        wanted, number = f"{name} ({number})", number + 1
    return wanted
