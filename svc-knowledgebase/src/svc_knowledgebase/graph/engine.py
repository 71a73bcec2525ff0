"""The embedded Cypher engine over one graph, shut in. Runs in a process of its own.

A fresh engine answers one question. While it does, its process can open no file and no socket:
the graph is open already, and no number is left for another file (RLIMIT_NOFILE).
"""

import math
import os
import resource
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ladybug
import orjson

from shared_lib.answering.errors import (
    QueryFailedError,
    QueryMemoryLimitError,
    QueryRefusedError,
    QueryTimeLimitError,
    ResultTooLargeError,
)
from svc_knowledgebase.graph.guard import check

SMALLEST_DATABASE = 1024**3
_INTERNAL = ("_ID", "_SRC", "_DST")
"""Where the engine keeps a node; it means nothing to others."""
EXACT = 2**53
"""Greater whole numbers are not the same in every reader of JSON."""


class Engine:
    """Answers one question.

    Args:
        memory_bytes: what the engine may hold.
        threads: that work on a query.
    """

    def __init__(self, *, memory_bytes: int, threads: int) -> None:
        self._memory_bytes = memory_bytes
        self._threads = threads
        self._milliseconds = 0

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """The time that a query in the block has."""
        self._milliseconds = max(1, int(seconds * 1000))
        yield

    def ask(
        self, graph: Path, cypher: str, *, limit: int, most_bytes: int
    ) -> tuple[dict[str, Any], list[list[Any]]]:
        """`columns` and `truncated`, and at most `limit` rows of values that JSON can hold.

        Raises:
            QueryRefusedError: the query does more than read.
            QueryFailedError: the engine cannot read it, or it fails.
            QueryTimeLimitError, QueryMemoryLimitError: it needs too much.
            ResultTooLargeError: the rows are more than `most_bytes`.
        """
        check(cypher)
        database = ladybug.Database(
            graph,
            read_only=True,
            buffer_pool_size=self._memory_bytes,
            max_num_threads=self._threads,
            max_db_size=_room_for(graph),
        )
        connection = ladybug.Connection(database, num_threads=self._threads)
        try:
            connection.set_query_timeout(self._milliseconds)
            with _no_more_files():
                return _run(connection, cypher, limit=limit, most_bytes=most_bytes)
        finally:
            connection.close()
            database.close()


def _run(
    connection: ladybug.Connection, cypher: str, *, limit: int, most_bytes: int
) -> tuple[dict[str, Any], list[list[Any]]]:
    with _explained():
        _refuse_several(connection, cypher)
        answer: Any = connection.execute(cypher)
    with _explained():
        names, types = answer.get_column_names(), answer.get_column_data_types()
        rows: list[list[Any]] = []
        size = 0
        while len(rows) < limit and answer.has_next():
            row = [_plain(value) for value in answer.get_next()]
            size += len(orjson.dumps(row))
            if size > most_bytes:
                raise ResultTooLargeError(
                    f"The answer has more than {most_bytes // 1024**2} MiB. Return single "
                    "properties instead of whole nodes, or fewer rows."
                )
            rows.append(row)
        columns = [{"name": n, "type": str(t)} for n, t in zip(names, types, strict=True)]
        return {"columns": columns, "truncated": bool(answer.has_next())}, rows


def _refuse_several(connection: ladybug.Connection, cypher: str) -> None:
    """The engine's own word that the text is one statement; it prepares no more than one."""
    with warnings.catch_warnings():
        # Deprecated for running what was prepared, which is not done here.
        warnings.simplefilter("ignore", DeprecationWarning)
        prepared = connection.prepare(cypher)
    if not prepared.is_success():
        said = str(prepared.get_error_message())
        if "multiple statements" in said:
            raise QueryRefusedError("One query is answered at a time.", field="cypher")
        raise RuntimeError(said)


def _room_for(graph: Path) -> int:
    """Address space that the engine keeps for its file; a power of two."""
    size = max(SMALLEST_DATABASE, 2 * graph.stat().st_size)
    return 1 << (size - 1).bit_length()


@contextmanager
def _no_more_files() -> Iterator[None]:
    """While the block runs the process can open nothing: no number is left for it."""
    lowest = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _plain(value: Any) -> Any:
    """A value as JSON holds it exactly; others as text."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items() if k not in _INTERNAL}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > EXACT:
        return str(value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


@contextmanager
def _explained() -> Iterator[None]:
    """The engine's errors as ours."""
    try:
        yield
    except RuntimeError as error:
        said = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else "unknown"
        if "nterrupted" in said:
            raise QueryTimeLimitError(
                "The query was ended at its time limit. Filter earlier, or match fewer steps."
            ) from error
        if "buffer pool is full" in said or "bad_alloc" in said:
            raise QueryMemoryLimitError(
                "The query needs more memory than one may have. Match, group or sort less."
            ) from error
        raise QueryFailedError(f"The query fails: {said}.", field="cypher") from error
