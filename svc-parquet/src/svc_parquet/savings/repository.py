"""All SQL on savings."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Subquery, func, select

from shared_lib.db.engine import ReadView
from svc_parquet.savings.models import PriceTableRow, TableLayoutRow
from svc_parquet.savings.money import Layout
from svc_parquet.tables.models import TableObjectRow, TableRow, TableVersionRow
from svc_parquet.tables.objects import PART


@dataclass(frozen=True)
class KeptTable:
    """A table with its versions' sizes, and its newest version."""

    dataset: str
    versions: int
    raw: int
    parquet: int
    newest: TableVersionRow


class SavingsRepository:
    """Sums over a tenant's tables, and its prices."""

    def __init__(self, view: ReadView, *, tenant: str) -> None:
        self._session = view.session
        self._tenant = tenant

    def prices(self) -> PriceTableRow | None:
        """The prices that were set."""
        return self._session.get(PriceTableRow, self._tenant)

    def keep_prices(self, row: PriceTableRow) -> None:
        """Set them."""
        self._session.merge(row)

    def tables(self, *, dataset: str | None) -> list[KeptTable]:
        """The tables that have a version; of one dataset by its name or id."""
        sums = (
            select(
                TableVersionRow.table_id,
                func.count().label("versions"),
                func.max(TableVersionRow.number).label("number"),
            )
            .where(
                TableVersionRow.tenant == self._tenant,
                # What was made from tables has no file to be compared with.
                TableVersionRow.origin != "task_dataset",
            )
            .group_by(TableVersionRow.table_id)
            .subquery()
        )
        parts, files = self._part_bytes(), self._file_bytes()
        query = (
            select(
                TableRow.dataset_name,
                sums.c.versions,
                files.c.raw,
                parts.c.parquet,
                TableVersionRow,
            )
            .join(sums, sums.c.table_id == TableRow.id)
            .join(parts, parts.c.table_id == TableRow.id)
            .outerjoin(files, files.c.table_id == TableRow.id)
            .join(
                TableVersionRow,
                (TableVersionRow.table_id == TableRow.id)
                & (TableVersionRow.number == sums.c.number),
            )
            .where(TableRow.tenant == self._tenant)
            .order_by(TableRow.dataset_name, TableRow.id)
        )
        if dataset is not None:
            query = query.where(
                (TableRow.dataset_name == dataset) | (TableRow.dataset_id == dataset)
            )
        return [
            KeptTable(
                dataset=name,
                versions=versions,
                raw=int(raw or 0),
                parquet=int(parquet),
                newest=newest,
            )
            for name, versions, raw, parquet, newest in self._session.execute(query)
        ]

    def _file_bytes(self) -> Subquery:
        """Bytes of the files of each table: each once, however often it was converted.

        A file of several tables, such as a workbook, counts for each of them by its share.
        """
        landed = (
            select(TableVersionRow.table_id, TableVersionRow.file_id, TableVersionRow.bytes_in)
            .where(
                TableVersionRow.tenant == self._tenant,
                # An append or a compaction brings no file that was not there before.
                TableVersionRow.origin == "conversion",
            )
            .distinct()
            .subquery()
        )
        shared = (
            select(landed.c.file_id, func.count().label("tables"))
            .group_by(landed.c.file_id)
            .subquery()
        )
        return (
            select(landed.c.table_id, func.sum(landed.c.bytes_in / shared.c.tables).label("raw"))
            .join(shared, shared.c.file_id == landed.c.file_id)
            .group_by(landed.c.table_id)
            .subquery()
        )

    def _part_bytes(self) -> Subquery:
        """Bytes of the parts of each table; a part of several versions counts once."""
        part = (
            select(TableVersionRow.table_id, TableObjectRow.object_key, TableObjectRow.bytes)
            .join(TableVersionRow, TableVersionRow.id == TableObjectRow.table_version_id)
            .where(TableObjectRow.role == PART, TableVersionRow.tenant == self._tenant)
            .distinct()
            .subquery()
        )
        return (
            select(part.c.table_id, func.sum(part.c.bytes).label("parquet"))
            .group_by(part.c.table_id)
            .subquery()
        )

    def layouts(self, version_ids: Iterable[str]) -> dict[str, Layout]:
        """The known layouts, by version."""
        query = select(TableLayoutRow).where(TableLayoutRow.table_version_id.in_(list(version_ids)))
        return {
            row.table_version_id: Layout(
                footers=row.footers, column=row.column_bytes, filtered=row.filtered_bytes
            )
            for row in self._session.scalars(query)
        }

    def keep_layout(self, version_id: str, layout: Layout) -> None:
        """Know it from now on."""
        self._session.merge(
            TableLayoutRow(
                table_version_id=version_id,
                footers=layout.footers,
                column_bytes=layout.column,
                filtered_bytes=layout.filtered,
            )
        )
