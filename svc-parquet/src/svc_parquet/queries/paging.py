"""Rows of a table page by page, fast at any offset. Runs in a query process.

Without a condition and an order, the row groups that hold the page are read and no others. With
them, the places of the page's rows are found first, by the columns that decide alone; then those
rows are fetched.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from shared_lib.answering.errors import QueryFailedError
from shared_lib.contracts.queries import COUNTED_ROWS, RowFilter
from svc_parquet.queries.engine import Engine
from svc_parquet.queries.guard import TABLE
from svc_parquet.queries.values import exact_values

_COMPARED = {"eq": "=", "ne": "IS DISTINCT FROM", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


@dataclass(frozen=True)
class Asked:
    """A page. `sort` is a column; nulls come last, equal values in the table's order."""

    offset: int
    limit: int
    columns: list[str]
    sort: str | None = None
    descending: bool = False
    filters: tuple[RowFilter, ...] = ()


@dataclass(frozen=True)
class Found:
    """The rows, each a list of JSON values, and how many match."""

    rows: list[list[Any]]
    total: int
    total_exact: bool


def read_page(parts: Sequence[str], asked: Asked, *, engine: Engine, most_bytes: int) -> Found:
    """The page.

    Raises:
        QueryFailedError: a filter's value is none of its column's type.
    """
    files = [pq.ParquetFile(part) for part in parts]
    try:
        sizes = [file.metadata.num_rows for file in files]
        if asked.sort is None and not asked.filters:
            end = min(asked.offset + asked.limit, sum(sizes))
            places = np.arange(min(asked.offset, end), end)
            return Found(_fetch(files, places, asked.columns), sum(sizes), total_exact=True)
        where, values = _conditions(asked.filters, schema=_types(engine))
        places = _find(parts, asked, engine=engine, where=where, values=values, sizes=sizes)
        total = sum(sizes)
        if asked.filters:
            total = _count(parts, engine=engine, where=where, values=values, most_bytes=most_bytes)
        exact = not asked.filters or total <= COUNTED_ROWS
        rows = _fetch(files, places, asked.columns)
        return Found(rows, total if exact else COUNTED_ROWS, total_exact=exact)
    finally:
        for file in files:
            file.close()


def _types(engine: Engine) -> dict[str, str]:
    return dict(engine.column_types(f"SELECT * FROM {TABLE}"))  # noqa: S608 - a constant


def _conditions(filters: Sequence[RowFilter], *, schema: dict[str, str]) -> tuple[str, list[str]]:
    """SQL of all conditions, and the values in it."""
    words, values = [], []
    for each in filters:
        column = _quoted(each.column)
        if each.operation in ("null", "notnull"):
            words.append(f"{column} IS {'NOT ' if each.operation == 'notnull' else ''}NULL")
            continue
        if each.operation == "contains":
            words.append(f"contains(lower({column}::VARCHAR), lower(?))")
        else:
            operator = _COMPARED[each.operation]
            words.append(f"{column} {operator} CAST(? AS {schema[each.column]})")
        values.append(each.value)
    return " AND ".join(words) or "true", values


def _source(parts: Sequence[str]) -> str:
    quoted = ", ".join("'" + part.replace("'", "''") + "'" for part in parts)
    return f"read_parquet([{quoted}], file_row_number = true, filename = true)"


def _find(
    parts: Sequence[str],
    asked: Asked,
    *,
    engine: Engine,
    where: str,
    values: list[str],
    sizes: list[int],
) -> "np.ndarray[Any, Any]":
    """Numbers of the page's rows in the whole table, in the page's order."""
    order = "filename, file_row_number"
    if asked.sort is not None:
        direction = "DESC" if asked.descending else "ASC"
        order = f"{_quoted(asked.sort)} {direction} NULLS LAST, {order}"
    sql = (
        f"SELECT filename, file_row_number FROM {_source(parts)} WHERE {where} "  # noqa: S608 - quoted
        f"ORDER BY {order} LIMIT {int(asked.limit)} OFFSET {int(asked.offset)}"
    )
    table, _ = engine.run(sql, parameters=values, limit=asked.limit, most_bytes=2**30)
    starts = dict(zip(parts, accumulate([0, *sizes]), strict=False))
    names, rows = table.column(0).to_pylist(), table.column(1).to_pylist()
    return np.array([starts[name] + row for name, row in zip(names, rows, strict=True)], dtype=int)


def _count(
    parts: Sequence[str], *, engine: Engine, where: str, values: list[str], most_bytes: int
) -> int:
    sql = (
        f"SELECT count(*) FROM (SELECT 1 FROM {_source(parts)} WHERE {where} "  # noqa: S608 - quoted
        f"LIMIT {COUNTED_ROWS + 1})"
    )
    table, _ = engine.run(sql, parameters=values, limit=1, most_bytes=most_bytes)
    return int(table.column(0)[0].as_py())


def _fetch(
    files: Sequence[pq.ParquetFile], places: "np.ndarray[Any, Any]", columns: list[str]
) -> list[list[Any]]:
    """Rows by their numbers, in that order; reads the row groups that hold them."""
    if not len(places) or not columns:
        return [[] for _ in places]
    groups = [
        (file, group, file.metadata.row_group(group).num_rows)
        for file in files
        for group in range(file.metadata.num_row_groups)
    ]
    starts = list(accumulate([0, *(rows for _, _, rows in groups)]))
    order = np.argsort(places, kind="stable")
    pieces, at = [], 0
    while at < len(order):
        number = bisect_right(starts, int(places[order[at]])) - 1
        until = at
        while until < len(order) and places[order[until]] < starts[number + 1]:
            until += 1
        file, group, _ = groups[number]
        inside = places[order[at:until]] - starts[number]
        pieces.append(file.read_row_group(group, columns=columns).take(pa.array(inside)))
        at = until
    found = pl.DataFrame(pl.from_arrow(pa.concat_tables(pieces))).select(columns)
    back = np.empty(len(order), dtype=int)
    back[order] = np.arange(len(order))
    values = [exact_values(column) for column in found[back.tolist()].iter_columns()]
    return [list(row) for row in zip(*values, strict=True)]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def refuse_unknown(asked: Asked, *, known: Sequence[str]) -> None:
    """Refuse columns that the table does not have.

    Raises:
        QueryFailedError: one of them is unknown; says which there are.
    """
    named = [
        *asked.columns,
        *([asked.sort] if asked.sort else []),
        *(f.column for f in asked.filters),
    ]
    for name in named:
        if name not in known:
            shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
            raise QueryFailedError(
                f"There is no column {name}; there are: {shown}.", field="columns"
            )
