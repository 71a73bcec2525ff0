"""All SQL on published table versions."""

from sqlalchemy import select

from shared_lib.db import Repository
from svc_quality.tables.models import TableVersionRow


class TableVersionRepository(Repository[TableVersionRow]):
    """Rows of published table versions."""

    model = TableVersionRow

    def get(self, version_id: str) -> TableVersionRow | None:
        """A version of any tenant, for its own job."""
        return self.session.get(TableVersionRow, version_id)

    def newest(
        self, dataset: str, *, tenant: str, table: str | None = None
    ) -> TableVersionRow | None:
        """The newest version of a dataset's table; of any of them when none is named."""
        query = self.of_tenant(tenant).where(TableVersionRow.dataset_name == dataset)
        if table is not None:
            query = query.where(TableVersionRow.table_name == table)
        found: TableVersionRow | None = self.session.scalar(
            query.order_by(TableVersionRow.id.desc()).limit(1)
        )
        return found

    def newest_of_each(
        self, dataset: str, *, tenant: str, table: str | None
    ) -> list[TableVersionRow]:
        """The newest version of each of the dataset's tables."""
        query = self.of_tenant(tenant).where(TableVersionRow.dataset_name == dataset)
        if table is not None:
            query = query.where(TableVersionRow.table_name == table)
        newest: dict[str, TableVersionRow] = {}
        for row in self.session.scalars(query.order_by(TableVersionRow.id)):
            newest[row.table_id] = row
        return list(newest.values())

    def numbers(self, version_ids: list[str]) -> dict[str, TableVersionRow]:
        """These versions by their ids."""
        query = select(TableVersionRow).where(TableVersionRow.id.in_(version_ids))
        return {row.id: row for row in self.session.scalars(query)}
