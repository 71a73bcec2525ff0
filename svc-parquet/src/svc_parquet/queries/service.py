"""Questions to a table: from a version's parts to an answer, made in a query process."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared_lib.answering.errors import QueryFailedError
from shared_lib.answering.processes import Answerers, AnsweringProcesses
from shared_lib.contracts.queries import QueryCreate, RowFilter, RowPage
from shared_lib.contracts.tables import ColumnView
from shared_lib.db.engine import ReadView
from shared_lib.jobs.runtime import Runtime
from svc_parquet.queries.forms import Form
from svc_parquet.queries.part_files import PartFiles
from svc_parquet.queries.settings import QuerySettings
from svc_parquet.tables.models import TableVersionRow
from svc_parquet.tables.service import Tables


@dataclass(frozen=True)
class Source:
    """A table version that is asked, and where its parts are."""

    table_id: str
    version_id: str
    columns: list[ColumnView]
    keys: list[str]


class Queries:
    """Answers questions; holds the query processes."""

    def __init__(self, runtime: Runtime, *, tables: Tables, settings: QuerySettings) -> None:
        self._runtime = runtime
        self._tables = tables
        self._settings = settings
        self._processes = AnsweringProcesses(answerers(settings))
        self._files = PartFiles(
            runtime.store,
            folder=runtime.settings.data.absolute() / "query-cache",
            most_bytes=settings.cache_bytes,
        )

    def source(self, view: ReadView, version: TableVersionRow) -> Source:
        """What there is to ask; read in a short unit, before the asking."""
        return Source(
            table_id=version.table_id,
            version_id=version.id,
            columns=[ColumnView.model_validate(column) for column in version.columns],
            keys=[part.object_key for part in self._tables.parts(view, version=version)],
        )

    def query(
        self, source: Source, body: QueryCreate, *, form: Form
    ) -> tuple[dict[str, Any], Iterator[bytes]]:
        """`rows` and `truncated`, and the pieces of the answer.

        Raises:
            QueryRefusedError, QueryFailedError, QueryTimeLimitError, QueryMemoryLimitError,
            ResultTooLargeError, QueriesBusyError: as they say.
        """
        return self._processes.ask(
            {
                "kind": "query",
                "parts": self._paths(source),
                "sql": body.sql,
                "limit": min(body.limit, self._settings.max_rows),
                "most_bytes": self._settings.max_bytes,
                "form": form.value,
            }
        )

    def page(
        self,
        source: Source,
        *,
        offset: int,
        limit: int,
        columns: list[str],
        sort: str | None,
        descending: bool,
        filters: list[RowFilter],
    ) -> RowPage:
        """Rows of the table.

        Raises:
            QueryFailedError: a column is unknown, or a filter's value is none of its type.
        """
        known = [column.name for column in source.columns]
        header, pieces = self._processes.ask(
            {
                "kind": "page",
                "parts": self._paths(source),
                "offset": offset,
                "limit": limit,
                "columns": columns or known,
                "known": known,
                "sort": sort,
                "descending": descending,
                "filters": [each.model_dump() for each in filters],
                "most_bytes": self._settings.max_bytes,
            }
        )
        for _ in pieces:  # there are none; read to the end, the process is free again
            continue
        shown = {column.name: column for column in source.columns}
        return RowPage(
            table_id=source.table_id,
            table_version_id=source.version_id,
            columns=[shown[name] for name in columns or known],
            rows=header["rows"],
            offset=offset,
            total=header["total"],
            total_exact=header["total_exact"],
        )

    def compare(
        self, before: Source, after: Source, *, key: list[str], compared: list[str]
    ) -> dict[str, Any]:
        """How the rows of two versions differ, as `RowsDiff` says it.

        Raises:
            QueryTimeLimitError, QueryMemoryLimitError: there is too much to compare.
        """
        header, pieces = self._processes.ask(
            {
                "kind": "compare",
                "before": self._paths(before),
                "after": self._paths(after),
                "key": key,
                "compared": compared,
                "most_bytes": self._settings.max_bytes,
            }
        )
        for _ in pieces:
            continue
        return header

    def layout(self, source: Source) -> dict[str, float]:
        """`footers`, `column` and `filtered` bytes, as the savings know them."""
        header, pieces = self._processes.ask({"kind": "layout", "parts": self._paths(source)})
        for _ in pieces:
            continue
        return header

    def close(self) -> None:
        """End the query processes."""
        self._processes.close()

    def _paths(self, source: Source) -> list[str]:
        return [str(self._files.path_of(key)) for key in source.keys]


def answerers(settings: QuerySettings) -> Answerers:
    """How the processes that answer queries are started and bounded."""
    child = [sys.executable, "-m", "svc_parquet.queries.child"]
    return Answerers(
        command=[*child, str(settings.memory_limit_bytes), str(settings.threads)],
        most=settings.children,
        setting="FLEET_QUERIES__CHILDREN",
        time_limit_s=settings.time_limit_s,
        idle_s=settings.idle_s,
    )


def read_filter(word: str) -> RowFilter:
    """`amount:gt:5`, `name:contains:a:b`, `day:null`; a colon in a column's name is no hindrance.

    Raises:
        QueryFailedError: it is none.
    """
    for operation in ("null", "notnull"):
        if word.endswith(f":{operation}"):
            return RowFilter(column=word.removesuffix(f":{operation}"), operation=operation)
    pieces = word.split(":")
    for place in range(1, len(pieces) - 1):
        if pieces[place] in ("eq", "ne", "lt", "le", "gt", "ge", "contains"):
            return RowFilter.model_validate(
                {
                    "column": ":".join(pieces[:place]),
                    "operation": pieces[place],
                    "value": ":".join(pieces[place + 1 :]),
                }
            )
    raise QueryFailedError(
        f"{word} is no filter: write COLUMN:OPERATION:VALUE, such as amount:gt:5; operations are "
        "eq, ne, lt, le, gt, ge, contains, and null and notnull without a value.",
        field="filter",
    )
