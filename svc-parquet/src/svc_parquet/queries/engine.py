"""DuckDB over one table's Parquet parts, shut in. Runs in a query process, never in the API.

Three walls: the statement's tree is checked (`guard`); the engine may open these files, read-only,
and nothing else, and its settings are locked; the process may write no file (`child`).
"""

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from shared_lib.answering.errors import (
    QueryFailedError,
    QueryMemoryLimitError,
    QueryTimeLimitError,
    ResultTooLargeError,
)
from svc_parquet.queries.guard import TABLE, check

BATCH_ROWS = 2048
"""Of the engine's own blocks: an answer that is too large is noticed early."""


class Engine:
    """A fresh database; used for one question and thrown away.

    Args:
        memory_bytes: what the engine may hold.
        threads: that work on a query.
    """

    def __init__(self, *, memory_bytes: int, threads: int) -> None:
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "threads": str(threads),
                "memory_limit": f"{memory_bytes // 1024**2}MiB",
                "temp_directory": "",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_community_extensions": "false",
                "python_enable_replacements": "false",
                "enable_object_cache": "false",
            },
        )

    def open(self, parts: Sequence[str]) -> None:
        """Let `data` be these files, and shut the door."""
        self.open_views({TABLE: parts})

    def open_views(self, views: Mapping[str, Sequence[str]]) -> None:
        """Let each name be its files, which are all that may be read, and shut the door."""
        run = self._connection.execute
        run(f"SET allowed_paths = [{_quoted(part for parts in views.values() for part in parts)}]")
        for name, parts in views.items():
            run(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{_quoted(parts)}])")  # noqa: S608 - quoted
        run("SET enable_external_access = false")
        run("SET allow_persistent_secrets = false")
        run("SET lock_configuration = true")

    def check(self, sql: str) -> None:
        """Refuse what does more than read `data`.

        Raises:
            QueryFailedError: it is no SQL.
            QueryRefusedError: it does more.
        """
        (answer,) = self._connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
        check(json.loads(answer[0]))

    def run(
        self, sql: str, *, parameters: Sequence[Any] = (), limit: int, most_bytes: int
    ) -> tuple[pa.Table, bool]:
        """At most `limit` rows, and whether there were more.

        Raises:
            QueryFailedError: it fails on the rows.
            QueryMemoryLimitError, QueryTimeLimitError: it needs too much.
            ResultTooLargeError: the rows are more than `most_bytes`.
        """
        with _explained():
            relation = self._connection.sql(sql, params=list(parameters))
            if relation is None:
                raise QueryFailedError("The statement gives no rows.", field="sql")
            reader: Any = relation.to_arrow_reader(BATCH_ROWS)
            batches, rows, size = [], 0, 0
            for batch in reader:
                batches.append(batch)
                rows, size = rows + batch.num_rows, size + batch.nbytes
                if size > most_bytes:
                    raise ResultTooLargeError(
                        f"The answer has more than {most_bytes // 1024**2} MiB. Ask for fewer "
                        "columns or rows, or download the table."
                    )
                if rows > limit:
                    break
            table = pa.Table.from_batches(batches, schema=reader.schema)
        return table.slice(0, limit), rows > limit

    def column_types(self, sql: str) -> list[tuple[str, str]]:
        """Names and types of a checked query's columns, in the engine's words."""
        with _explained():
            found = self._connection.execute(f"DESCRIBE {sql}").fetchall()
        return [(str(row[0]), str(row[1])) for row in found]

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Interrupt what runs in the block when the time is over."""
        timer = threading.Timer(seconds, self._connection.interrupt)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _quoted(parts: Iterable[str]) -> str:
    return ", ".join("'" + part.replace("'", "''") + "'" for part in parts)


@contextmanager
def _explained() -> Iterator[None]:
    """The engine's errors as ours."""
    try:
        yield
    # What fails while rows are passed on comes wrapped by Arrow, with the engine's words in it.
    except (duckdb.Error, pa.ArrowException, OSError, MemoryError) as error:
        said = str(error).splitlines()[0].rstrip(".") if str(error) else "no memory"
        if isinstance(error, duckdb.InterruptException) or "INTERRUPT" in said.upper():
            raise QueryTimeLimitError(
                "The query was ended at its time limit. Filter earlier, or ask for fewer columns."
            ) from error
        memory = (duckdb.OutOfMemoryException, MemoryError, pa.ArrowMemoryError)
        if isinstance(error, memory) or "OUT OF MEMORY" in said.upper():
            raise QueryMemoryLimitError(
                "The query needs more memory than one may have. Group or sort fewer rows."
            ) from error
        raise QueryFailedError(f"The query fails: {said}.") from error
