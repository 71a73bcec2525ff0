"""What finding tables gives."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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


def refused(source: TableSource, error: Exception) -> Found:
    """A part that cannot be opened, and why."""

    def fail(_: Path) -> SourceTable:
        raise error

    return Found(source, fail)
