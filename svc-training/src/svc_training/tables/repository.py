"""All SQL on table versions and the gate's verdicts."""

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.dialects import postgresql, sqlite

from shared_lib.db import Repository
from svc_training.tables.models import GateRow, TableVersionRow, VerdictRow


class TableVersionRepository(Repository[TableVersionRow]):
    """Rows of table versions, their gates and verdicts."""

    model = TableVersionRow

    def get(self, version_id: str) -> TableVersionRow | None:
        """A version of any tenant, for its own job or event."""
        return self.session.get(TableVersionRow, version_id)

    def since(self, version: TableVersionRow, *, after: str) -> list[TableVersionRow]:
        """Versions of the same table later than `after`, up to this one, oldest first."""
        query = select(TableVersionRow).where(
            TableVersionRow.table_id == version.table_id,
            TableVersionRow.id > after,
            TableVersionRow.id <= version.id,
        )
        return list(self.session.scalars(query.order_by(TableVersionRow.id)))

    def tables_of(self, dataset: str, *, tenant: str, table: str | None) -> list[str]:
        """Ids of a dataset's tables, or of the one of that name."""
        query = select(TableVersionRow.table_id).where(
            TableVersionRow.tenant == tenant, TableVersionRow.dataset_name == dataset
        )
        if table is not None:
            query = query.where(TableVersionRow.table_name == table)
        return sorted(self.session.scalars(query.distinct()))

    def decided_upon(self, table_id: str, *, limit: int) -> list[TableVersionRow]:
        """Versions of a table whose verdicts have all been there, newest first."""
        query = (
            select(TableVersionRow)
            .join(GateRow, GateRow.table_version_id == TableVersionRow.id)
            .where(TableVersionRow.table_id == table_id, GateRow.decided_revision > 0)
        )
        return list(self.session.scalars(query.order_by(TableVersionRow.id.desc()).limit(limit)))

    def hold_gate(self, table_version_id: str, *, tenant: str, asked: bool = False) -> None:
        """Make or hold the version's gate; waits for another unit that has it."""
        dialect = self.session.get_bind().dialect.name
        insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
        statement = insert(GateRow).values(
            table_version_id=table_version_id, tenant=tenant, decided_revision=0, asked=asked
        )
        self.session.execute(
            statement.on_conflict_do_update(
                index_elements=[GateRow.table_version_id],
                set_={"asked": or_(GateRow.asked, statement.excluded.asked)},
            )
        )

    def lock_gate(self, table_version_id: str) -> GateRow | None:
        """The gate of a version, held: what follows from it is decided by one at a time."""
        query = select(GateRow).where(GateRow.table_version_id == table_version_id)
        return self.session.scalar(query.with_for_update())

    def keep_verdict(self, row: dict[str, Any]) -> None:
        """Keep a verdict unless something newer is known."""
        dialect = self.session.get_bind().dialect.name
        insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
        statement = insert(VerdictRow).values(row)
        self.session.execute(
            statement.on_conflict_do_update(
                index_elements=[VerdictRow.id],
                set_=row,
                where=VerdictRow.revision < row["revision"],
            )
        )

    def verdicts(self, table_version_id: str) -> list[VerdictRow]:
        """The newest verdict of each suite on a version."""
        query = select(VerdictRow).where(VerdictRow.table_version_id == table_version_id)
        newest = {
            row.suite_name: row for row in self.session.scalars(query.order_by(VerdictRow.id))
        }
        return list(newest.values())

    def asked(self, table_version_id: str) -> bool:
        """Whether svc-quality has said which suites judge the version."""
        query = select(GateRow.asked).where(GateRow.table_version_id == table_version_id)
        return bool(self.session.scalar(query))
