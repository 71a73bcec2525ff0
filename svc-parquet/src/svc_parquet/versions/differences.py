"""What differs between two versions: schema and statistics from what is kept, rows by a query."""

from collections.abc import Sequence

from shared_lib.contracts.conversions import ColumnProfile, TableProfile
from shared_lib.contracts.tables import ColumnView
from shared_lib.contracts.versions import ColumnDiff, RowsDiff, TableDiff
from shared_lib.jobs.runtime import Runtime
from svc_parquet.queries.service import Queries
from svc_parquet.tables.service import Tables
from svc_parquet.versions.errors import KeyNotUsableError
from svc_parquet.versions.evolution import compare_columns

_STATISTICS = ("nulls", "distinct", "min", "max", "mean")


class Differences:
    """Compares versions of a table."""

    def __init__(self, runtime: Runtime, *, tables: Tables, queries: Queries) -> None:
        self._runtime = runtime
        self._tables = tables
        self._queries = queries

    def read(
        self, table_id: str, *, tenant: str, before: int, after: int, key: list[str]
    ) -> TableDiff:
        """The difference.

        Raises:
            TableVersionNotFoundError: there is no such version.
            KeyNotUsableError: a key is no column of both.
            QueryTimeLimitError, QueryMemoryLimitError: there is too much to compare.
        """
        with self._runtime.database.read() as view:
            _, old = self._tables.version(view, table_id, tenant=tenant, number=before)
            _, new = self._tables.version(view, table_id, tenant=tenant, number=after)
            sources = [self._queries.source(view, version) for version in (old, new)]
            profiles = [self._tables.profile(view, version=v).profile for v in (old, new)]
            rows_before, rows_after = old.rows, new.rows
        compared = _common(sources[0].columns, sources[1].columns)
        for name in key:
            if name not in compared:
                raise KeyNotUsableError(
                    f"{name} is in one version only; both have: {', '.join(compared[:20])}.",
                    field="key",
                )
        rows = self._queries.compare(sources[0], sources[1], key=key, compared=compared)
        return TableDiff(
            table_id=table_id,
            before=before,
            after=after,
            rows_before=rows_before,
            rows_after=rows_after,
            columns=compare_columns(sources[0].columns, sources[1].columns),
            rows=RowsDiff.model_validate(rows),
            statistics=compare_profiles(profiles[0], profiles[1]),
        )


def _common(before: Sequence[ColumnView], after: Sequence[ColumnView]) -> list[str]:
    names = {column.name for column in after}
    return [column.name for column in before if column.name in names]


def compare_profiles(before: TableProfile, after: TableProfile) -> list[ColumnDiff]:
    """The statistics that differ, column by column, in the order of the newer version."""
    old, new = ({c.name: c for c in side.columns} for side in (before, after))
    return [
        ColumnDiff.model_validate(
            {"column": name, "statistic": statistic, "before": one, "after": other}
        )
        for name in dict.fromkeys([*new, *old])
        for statistic in _STATISTICS
        if (one := _of(old.get(name), statistic)) != (other := _of(new.get(name), statistic))
    ]


def _of(column: ColumnProfile | None, statistic: str) -> object:
    return getattr(column, statistic) if column is not None else None
