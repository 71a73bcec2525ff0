"""What finding tables gives."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from shared_lib.contracts.conversions import TableSource
from svc_parquet.conversions.text_table import SourceTable


@dataclass(frozen=True)
class Found:
    """A table that was found. `open` is given the folder for its results.

    `file` is the file that holds it, when that is one inside the file that was given.
    """

    source: TableSource
    open: Callable[[Path], SourceTable]
    file: Path | None = None


def source_at(path: str) -> TableSource:
    """The place in a tree that a path names."""
    folders = list(PurePosixPath(path).parts[:-1])
    return TableSource(path=path, folder=folders[0] if folders else None, subfolders=folders[1:])


def inside(path: str, source: TableSource) -> TableSource:
    """The place of a table that was found in the file at a path."""
    whole = path if source.path is None else f"{path}/{source.path}"
    return source_at(whole).model_copy(update={"name": source.name, "hidden": source.hidden})


def refused(source: TableSource, error: Exception) -> Found:
    """A part that cannot be opened, and why."""

    def fail(_: Path) -> SourceTable:
        raise error

    return Found(source, fail)
