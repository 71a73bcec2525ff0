"""All SQL on tables, their versions and the objects behind them."""

from collections.abc import Iterable

from sqlalchemy import delete, exists, func, select

from shared_lib.db import Repository
from svc_parquet.conversions.models import ConversionRow
from svc_parquet.tables.models import TableObjectRow, TableRow, TableVersionRow


class TableRepository(Repository[TableRow]):
    """Rows of tables."""

    model = TableRow

    def find_by_name(self, name: str, *, tenant: str, dataset_id: str) -> TableRow | None:
        """The table of that dataset with that name."""
        query = self.of_tenant(tenant).where(
            TableRow.dataset_id == dataset_id, TableRow.name == name
        )
        table: TableRow | None = self.session.scalar(query)
        return table

    def delete_unused(self, table_id: str) -> None:
        """Delete a table without versions that no conversion refers to."""
        self.session.flush()
        self.session.execute(
            delete(TableRow).where(
                TableRow.id == table_id,
                ~exists().where(TableVersionRow.table_id == table_id),
                ~exists().where(ConversionRow.table_id == table_id),
            )
        )

    def lock(self, table_id: str) -> TableRow:
        """The table, held so that its version numbers are given out one at a time."""
        query = select(TableRow).where(TableRow.id == table_id).with_for_update()
        return self.session.scalars(query).one()


class TableVersionRepository(Repository[TableVersionRow]):
    """Rows of versions and of their objects."""

    model = TableVersionRow

    def latest(self, table_id: str) -> TableVersionRow | None:
        """The newest version of a table."""
        query = select(TableVersionRow).where(TableVersionRow.table_id == table_id)
        return self.session.scalar(query.order_by(TableVersionRow.number.desc()).limit(1))

    def numbered(self, table_id: str, *, number: int) -> TableVersionRow | None:
        """One version of a table by its number."""
        return self.session.scalar(
            select(TableVersionRow).where(
                TableVersionRow.table_id == table_id, TableVersionRow.number == number
            )
        )

    def of_conversion(self, conversion_id: str) -> list[tuple[TableRow, TableVersionRow]]:
        """What a conversion published, in order."""
        query = (
            select(TableRow, TableVersionRow)
            .join(TableVersionRow, TableVersionRow.table_id == TableRow.id)
            .where(TableVersionRow.conversion_id == conversion_id)
        )
        found = self.session.execute(query.order_by(TableVersionRow.id))
        return [(table, version) for table, version in found]

    def count(self, table_ids: Iterable[str]) -> dict[str, int]:
        """How many versions each of these tables has."""
        query = (
            select(TableVersionRow.table_id, func.count())
            .where(TableVersionRow.table_id.in_(list(table_ids)))
            .group_by(TableVersionRow.table_id)
        )
        return dict(self.session.execute(query).all())

    def add_object(self, row: TableObjectRow) -> None:
        """Name an object; from the commit on it is part of its version."""
        self.session.add(row)

    def objects(self, version_id: str, *, role: str) -> list[TableObjectRow]:
        """The objects of a version in one role, in order."""
        query = select(TableObjectRow).where(
            TableObjectRow.table_version_id == version_id, TableObjectRow.role == role
        )
        return list(self.session.scalars(query.order_by(TableObjectRow.position)))

    def named(self, keys: Iterable[str]) -> set[str]:
        """Which of these object keys a version names."""
        query = select(TableObjectRow.object_key).where(TableObjectRow.object_key.in_(list(keys)))
        return set(self.session.scalars(query))
