"""Parts of versions to parts of the next one; what fits already is not written again.

Knows files and columns; no HTTP, no SQL.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from shared_lib.contracts.conversions import Part, TableProfile
from shared_lib.contracts.tables import ColumnView
from svc_parquet.conversions.preview import Preview
from svc_parquet.profiles.table_profiler import TableProfiler
from svc_parquet.tables.reading import read_blocks
from svc_parquet.tables.writing import TableWriter, write_preview
from svc_parquet.versions.errors import SchemaConflictError

_TYPES: dict[str, pl.DataType] = {
    "int64": pl.Int64(),
    "float64": pl.Float64(),
    "string": pl.String(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
}
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Merged:
    """The next version's files: for each an index into the given parts, or what was written."""

    parts: list[int | Part]
    profile: TableProfile


def merge(
    parts: Sequence[Path],
    sink: Path,
    *,
    columns: Sequence[ColumnView],
    rewrite: bool,
    progress: Progress,
) -> Merged:
    """All rows of the parts, in order, with these columns.

    Args:
        parts: Parquet files, whose columns are some of `columns`, of these types or narrower.
        sink: receives what has to be written, and `preview.json`.
        rewrite: write everything anew, into as few files as can be.
        progress: hears parts done and parts to do.

    Raises:
        SchemaConflictError: a value is not kept exactly by its column's wider type.
    """
    schema = _schema(parts, columns)
    fitting = [not rewrite and dict(pl.read_parquet_schema(part)) == schema for part in parts]
    profiler = TableProfiler(schema, type_names=[column.type for column in columns])
    preview, written, done = Preview(), 0, list[int | Part]()
    writer: TableWriter | None = None
    empty = pl.DataFrame(schema=schema)
    for number, part in enumerate(parts):
        if fitting[number] and writer is not None:
            written += _finish(writer, empty, sink, done, written)
            writer = None
        for block in read_blocks([part]):
            frame = block if fitting[number] else fit(block, schema)
            profiler.add(frame)
            preview.add(frame)
            if not fitting[number]:
                writer = writer or TableWriter(_folder(sink, written), columns=columns, metadata={})
                writer.write(frame)
        if fitting[number]:
            done.append(number)
        progress(number + 1, len(parts))
    if writer is not None or not done:
        writer = writer or TableWriter(_folder(sink, written), columns=columns, metadata={})
        _finish(writer, empty, sink, done, written)
    write_preview(preview, sink, columns=columns)
    return Merged(parts=done, profile=profiler.finish())


def _folder(sink: Path, number: int) -> Path:
    folder = sink / f"run-{number}"
    folder.mkdir()
    return folder


def _finish(
    writer: TableWriter, empty: pl.DataFrame, sink: Path, done: list[int | Part], written: int
) -> int:
    """Take over what a writer has written, under names of the sink; how many writers that makes."""
    for part in writer.finish(empty).parts:
        name = f"run-{written}/{part.name}"
        assert (sink / name).exists()  # noqa: S101 - the writer has just given it its name
        done.append(part.model_copy(update={"name": name}))
    return 1


def _schema(parts: Sequence[Path], columns: Sequence[ColumnView]) -> dict[str, pl.DataType]:
    """The polars type of each column: as some part has it where the name of the type is its own."""
    found: dict[str, set[pl.DataType]] = {column.name: set() for column in columns}
    for part in parts:
        for name, dtype in pl.read_parquet_schema(part).items():
            found[name].add(dtype)
    schema = {}
    for column in columns:
        dtypes = found[column.name]
        if len(dtypes) == 1:
            (schema[column.name],) = dtypes
            continue
        if column.type not in _TYPES and not _DECIMAL.fullmatch(column.type):
            raise SchemaConflictError(
                f"Column {column.name} is {column.type} in parts that store it differently. "
                "Convert one of the files again.",
                column=column.name,
            )
        target = type_of(column.type)
        if any(_zone(dtype) != _zone(target) for dtype in dtypes):
            raise SchemaConflictError(
                f"Column {column.name} holds moments with a zone and moments without: nothing says "
                "which zone is meant. Convert one of the files again with `schema` string.",
                column=column.name,
            )
        schema[column.name] = target
    return schema


def _zone(dtype: pl.DataType) -> str | None:
    return dtype.time_zone if isinstance(dtype, pl.Datetime) else None


def type_of(name: str) -> pl.DataType:
    """The polars type that a type's name stands for."""
    found = _DECIMAL.fullmatch(name)
    return pl.Decimal(int(found[1]), int(found[2])) if found else _TYPES[name]


def fit(block: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """The block with exactly these columns; what it lacks is null.

    Raises:
        SchemaConflictError: a value is not kept exactly.
    """
    columns = {}
    for name, dtype in schema.items():
        if name not in block.columns:
            columns[name] = pl.Series(name, [None] * block.height, dtype=dtype)
        elif block.schema[name] == dtype:
            columns[name] = block[name]
        else:
            columns[name] = _widen(block[name], dtype)
    return pl.DataFrame(columns)


def _widen(series: pl.Series, dtype: pl.DataType) -> pl.Series:
    wide = series.cast(dtype, strict=False)
    if dtype == pl.String:
        return wide  # what is written of a value is told from what is written of any other
    kept = wide.cast(series.dtype, strict=False).eq_missing(series)
    if not kept.all():
        example = series.filter(~kept)[0]
        raise SchemaConflictError(
            f"Column {series.name} would become {dtype}, which does not keep {example} exactly. "
            "Convert one of the files again with a `schema` that fits, or append as text.",
            column=series.name,
        )
    return wide
