"""What finding tables gives."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shared_lib.contracts.conversions import TableSource
from svc_parquet.conversions.text_table import SourceTable


@dataclass(frozen=True)
class Found:
    """A table that was found. `open` is given the folder for its results."""

    source: TableSource
    open: Callable[[Path], SourceTable]
