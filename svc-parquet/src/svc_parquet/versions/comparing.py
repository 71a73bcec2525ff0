"""Rows that differ between two versions. Runs in a query process, within its limits."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from svc_parquet.queries.engine import Engine
from svc_parquet.queries.values import exact_values

FIRST = 20
_BEFORE, _AFTER = "before_version", "after_version"


def compare_rows(
    engine: Engine, *, key: Sequence[str], compared: Sequence[str], most_bytes: int
) -> dict[str, Any]:
    """A `RowsDiff` as JSON values.

    Args:
        engine: with the views of both versions open.
        key: columns that name a row; empty to tell rows by their content, repetitions counted.
        compared: the columns that both versions have, the key among them.

    Raises:
        QueryTimeLimitError, QueryMemoryLimitError: there is too much to compare.
    """
    asked = _Asked(engine, most_bytes=most_bytes)
    found: dict[str, Any] = {"key": list(key), "compared": list(compared)}
    if not compared:
        return found | {"added": 0, "removed": 0}
    if not key:
        return found | _by_content(asked, compared)
    return found | _by_key(asked, key, compared)


class _Asked:
    """Answers to statements of ours."""

    def __init__(self, engine: Engine, *, most_bytes: int) -> None:
        self._engine = engine
        self._most_bytes = most_bytes

    def rows(self, sql: str) -> list[list[Any]]:
        table, _ = self._engine.run(sql, limit=FIRST, most_bytes=self._most_bytes)
        names = {f"c{place}": column for place, column in enumerate(table.columns)}
        frame = pl.DataFrame({name: pl.from_arrow(column) for name, column in names.items()})
        return [list(row) for row in zip(*map(exact_values, frame.iter_columns()), strict=True)]

    def numbers(self, sql: str) -> list[int]:
        return [int(value or 0) for value in self.rows(sql)[0]]


def _by_content(asked: _Asked, compared: Sequence[str]) -> dict[str, Any]:
    columns = _list(compared)
    found = {}
    for name, side, other in (("added", _AFTER, _BEFORE), ("removed", _BEFORE, _AFTER)):
        only = f"(SELECT {columns} FROM {side} EXCEPT ALL SELECT {columns} FROM {other})"  # noqa: S608 - quoted
        (found[name],) = asked.numbers(f"SELECT count(*) FROM {only}")  # noqa: S608
        found[f"first_{name}"] = asked.rows(f"FROM {only} LIMIT {FIRST}") if found[name] else []  # type: ignore[assignment]
    return found


def _by_key(asked: _Asked, key: Sequence[str], compared: Sequence[str]) -> dict[str, Any]:
    columns, found = _list(compared), dict[str, Any]()
    same = " AND ".join(f"b.{_quoted(k)} IS NOT DISTINCT FROM a.{_quoted(k)}" for k in key)
    for name, side, other in (("added", "a", "b"), ("removed", "b", "a")):
        views = {"a": f"{_AFTER} a", "b": f"{_BEFORE} b"}
        only = f"{views[side]} WHERE NOT EXISTS (SELECT 1 FROM {views[other]} WHERE {same})"  # noqa: S608
        (found[name],) = asked.numbers(f"SELECT count(*) FROM {only}")  # noqa: S608
        found[f"first_{name}"] = asked.rows(f"SELECT {columns} FROM {only} LIMIT {FIRST}")  # noqa: S608
    found["duplicate_keys"] = sum(_duplicates(asked, key, side) for side in (_BEFORE, _AFTER))
    both = f"{_BEFORE} b JOIN {_AFTER} a ON {same}"
    values = [name for name in compared if name not in key]
    if not values:
        return found
    differs = [f"b.{_quoted(v)} IS DISTINCT FROM a.{_quoted(v)}" for v in values]
    counts = ", ".join(f"count(*) FILTER (WHERE {each})" for each in differs)
    total, *each = asked.numbers(
        f"SELECT count(*) FILTER (WHERE {' OR '.join(differs)}), {counts} FROM {both}"  # noqa: S608
    )
    found["changed"] = total
    found["changed_columns"] = {v: n for v, n in zip(values, each, strict=True) if n}
    found["first_changed"] = _first_changed(asked, key, list(found["changed_columns"]), both=both)
    return found


def _first_changed(
    asked: _Asked, key: Sequence[str], changed: Sequence[str], *, both: str
) -> list[list[Any]]:
    """The key, the column, and its value in both; of every column some."""
    keys = ", ".join(f"b.{_quoted(k)}" for k in key)
    shown: list[list[Any]] = []
    for column in changed[:FIRST]:
        name = _quoted(column)
        rows = asked.rows(
            f"SELECT {keys}, b.{name}, a.{name} FROM {both} "  # noqa: S608 - quoted
            f"WHERE b.{name} IS DISTINCT FROM a.{name} LIMIT {max(FIRST // len(changed), 1)}"
        )
        shown += [[*row[:-2], column, *row[-2:]] for row in rows]
    return shown[:FIRST]


def _duplicates(asked: _Asked, key: Sequence[str], side: str) -> int:
    keys = _list(key)
    (count,) = asked.numbers(
        f"SELECT count(*) FROM (SELECT {keys} FROM {side} GROUP BY {keys} HAVING count(*) > 1)"  # noqa: S608
    )
    return count


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def open_both(engine: Engine, *, before: Sequence[str], after: Sequence[str]) -> None:
    """Let the engine read both versions, and nothing else."""
    engine.open_views({_BEFORE: before, _AFTER: after})
