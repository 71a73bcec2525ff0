"""An answer in the form that was asked for, piece by piece. Imports polars and pyarrow."""

import io
import json
from collections.abc import Iterator
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from shared_lib.answering.errors import QueryFailedError
from svc_parquet.queries.forms import Form
from svc_parquet.queries.values import exact_values

BLOCK_ROWS = 10_000
CHUNK = 1024 * 1024


def encode(
    table: pa.Table, form: Form, *, types: list[tuple[str, str]], truncated: bool
) -> Iterator[bytes]:
    """The pieces of the answer; what has no such form is told before the first of them.

    Raises:
        QueryFailedError: a column's type has no such form.
    """
    if form is Form.ARROW:
        return _arrow(table)
    if form is Form.PARQUET:
        return _parquet(_without_intervals(table))
    table = _without_intervals(table)
    next(_frames(table.slice(0, 0)))
    if form is Form.CSV:
        return _csv(table)
    if form is Form.NDJSON:
        return _ndjson(table)
    return _json(table, types=types, truncated=truncated)


def _without_intervals(table: pa.Table) -> pa.Table:
    """The same with spans of time as text: few forms know them."""
    for place, field in enumerate(table.schema):
        if pa.types.is_interval(field.type):
            texts = [
                None
                if span is None
                else f"{span.months} months {span.days} days {span.nanoseconds} ns"
                for span in table.column(place).to_pylist()
            ]
            table = table.set_column(place, field.name, pa.array(texts, pa.string()))
    return table


def _arrow(table: pa.Table) -> Iterator[bytes]:
    buffer = io.BytesIO()
    with pa.ipc.new_stream(buffer, table.schema) as writer:
        for batch in table.to_batches(BLOCK_ROWS):
            writer.write_batch(batch)
            yield _drain(buffer)
    yield _drain(buffer)


def _drain(buffer: io.BytesIO) -> bytes:
    content = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return content


def _parquet(table: pa.Table) -> Iterator[bytes]:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    content = buffer.getbuffer()
    for start in range(0, len(content), CHUNK):
        yield bytes(content[start : start + CHUNK])


def _frames(table: pa.Table) -> Iterator[pl.DataFrame]:
    """Blocks of rows; one without any for a table without rows."""
    for start in range(0, max(table.num_rows, 1), BLOCK_ROWS):
        block = table.slice(start, BLOCK_ROWS)
        try:
            # By place: two columns of an answer may share their name.
            columns = {f"c{n}": column for n, column in enumerate(block.columns)}
            yield pl.DataFrame(pl.from_arrow(pa.table(columns)))
        except (pl.exceptions.PolarsError, pa.ArrowException, ValueError) as error:
            raise QueryFailedError(
                "A column of the answer has a type that this form cannot hold. Cast it to VARCHAR, "
                "or ask for Arrow."
            ) from error


def _csv(table: pa.Table) -> Iterator[bytes]:
    for number, frame in enumerate(_frames(table)):
        nested = [n for n, dtype in frame.schema.items() if dtype.is_nested() or dtype == pl.Binary]
        plain = frame.with_columns(
            pl.Series(name, [_text(v) for v in exact_values(frame[name])], dtype=pl.String)
            for name in nested
        )
        if number == 0:
            heads = pl.DataFrame([[name] for name in table.column_names], orient="col")
            yield heads.write_csv(include_header=False).encode()
        if plain.height:
            yield plain.write_csv(include_header=False).encode()


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _rows(frame: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    return zip(*(exact_values(column) for column in frame.iter_columns()), strict=True)


def _ndjson(table: pa.Table) -> Iterator[bytes]:
    names = table.column_names
    for frame in _frames(table):
        lines = [
            json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False)
            for row in _rows(frame)
        ]
        yield "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _json(table: pa.Table, *, types: list[tuple[str, str]], truncated: bool) -> Iterator[bytes]:
    columns = [{"name": name, "type": kind} for name, kind in types]
    yield f'{{"columns":{json.dumps(columns)},"truncated":{json.dumps(truncated)},"rows":['.encode()
    first = True
    for frame in _frames(table):
        rows = [json.dumps(row, ensure_ascii=False, allow_nan=False) for row in _rows(frame)]
        if rows:
            yield (("" if first else ",") + ",".join(rows)).encode("utf-8", "replace")
            first = False
    yield b"]}"
