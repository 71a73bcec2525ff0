"""Rows of a version's Parquet parts, block by block, in order."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

BLOCK_ROWS = 20_000


def read_blocks(
    parts: Sequence[Path], *, columns: Sequence[str] | None = None
) -> Iterator[pl.DataFrame]:
    """At most 20,000 rows at a time; `columns` in the given order, all when left out."""
    for path in parts:
        with pq.ParquetFile(path) as file:
            wanted = list(columns) if columns is not None else None
            for batch in file.iter_batches(batch_size=BLOCK_ROWS, columns=wanted):
                frame = pl.DataFrame(pl.from_arrow(batch))
                yield frame.select(wanted) if wanted is not None else frame
