"""Statistics of a whole table, gathered in one pass and in bounded memory."""

import polars as pl

from shared_lib.contracts.conversions import TableProfile
from svc_parquet.profiles.column_sketch import ColumnSketch

_SAMPLE_ROWS = 20_000
_SAMPLE_CELLS = 5_000_000
_LONGEST_SAMPLED = 100


class TableProfiler:
    """Sees a table block by block.

    Args:
        schema: column name to polars type.
        type_names: the same types as people read them.
    """

    def __init__(self, schema: dict[str, pl.DataType], *, type_names: list[str]) -> None:
        self._columns = {
            name: ColumnSketch(name, dtype=dtype, type_name=type_name)
            for (name, dtype), type_name in zip(schema.items(), type_names, strict=True)
        }
        self._sample = [pl.DataFrame(schema=schema)]
        self._sample_rows = 0
        self._most = max(1000, min(_SAMPLE_ROWS, _SAMPLE_CELLS // max(len(schema), 1)))
        self._stride = 1
        self.rows = 0

    def few_values(self) -> set[str]:
        """Columns that have shown few distinct values so far."""
        return {name for name, column in self._columns.items() if column.few_values}

    def add(self, frame: pl.DataFrame) -> None:
        """Take in one block of rows."""
        for name, column in self._columns.items():
            column.add(frame[name])
        self._add_sample(frame)
        self.rows += frame.height

    def _add_sample(self, frame: pl.DataFrame) -> None:
        """Keep every n-th row of the table; n doubles whenever too many are kept."""
        rows = frame.gather_every(self._stride, offset=-self.rows % self._stride)
        short = pl.col(pl.String).str.len_bytes() <= _LONGEST_SAMPLED
        rows = rows.with_columns(pl.when(short).then(pl.col(pl.String)))
        self._sample.append(_compact(rows))
        self._sample_rows += rows.height
        while self._sample_rows > 2 * self._most:
            self._stride *= 2
            self._sample = [pl.concat(self._sample, rechunk=True).gather_every(2)]
            self._sample_rows = self._sample[0].height

    def finish(self) -> TableProfile:
        """The profile of everything seen."""
        complete = self._stride == 1
        sample = pl.concat(self._sample, rechunk=True)
        return TableProfile(
            rows=self.rows,
            columns=[
                column.finish(sample[name], complete=complete)
                for name, column in self._columns.items()
            ],
            sample_rows=sample.height,
        )


def _compact(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows without the block they were taken from, which their texts would keep alive."""
    plain = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
    # By name in a mapping: a list of series would rename a column whose name is empty.
    return pl.DataFrame(
        {
            name: pl.Series(name, plain.column(place), dtype=dtype)
            for place, (name, dtype) in enumerate(rows.schema.items())
        }
    )
