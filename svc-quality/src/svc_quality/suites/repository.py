"""All SQL on suites."""

from sqlalchemy import or_, select

from shared_lib.db import Repository
from svc_quality.suites.models import SuiteReferenceRow, SuiteRow, SuiteVersionRow


class SuiteRepository(Repository[SuiteRow]):
    """Rows of suites, their versions and their references."""

    model = SuiteRow

    def get(self, suite_id: str) -> SuiteRow:
        """A suite of any tenant, for its own judgement."""
        return self.session.get_one(SuiteRow, suite_id)

    def named(self, name: str, *, tenant: str, dataset: str) -> SuiteRow | None:
        """The suite of that name, held: two versions of it are made one after the other."""
        query = self.of_tenant(tenant).where(
            SuiteRow.dataset_name == dataset, SuiteRow.name == name
        )
        row: SuiteRow | None = self.session.scalar(query.with_for_update())
        return row

    def bound_to(self, dataset: str, *, tenant: str, table: str) -> list[SuiteRow]:
        """The suites that judge a table of a dataset, oldest first."""
        query = self.of_tenant(tenant).where(
            SuiteRow.dataset_name == dataset,
            or_(SuiteRow.table_name.is_(None), SuiteRow.table_name == table),
        )
        return list(self.session.scalars(query.order_by(SuiteRow.id)))

    def add_version(self, row: SuiteVersionRow) -> None:
        """Keep a version."""
        self.session.add(row)
        self.session.flush()

    def version(self, suite_id: str, number: int) -> SuiteVersionRow:
        """One version of a suite."""
        return self.session.get_one(SuiteVersionRow, (suite_id, number))

    def reference(self, suite_id: str, *, table_id: str) -> str | None:
        """Id of the table version that drift is measured against."""
        row = self.session.get(SuiteReferenceRow, (suite_id, table_id))
        return row.table_version_id if row else None

    def references(self, suite_id: str) -> list[str]:
        """Ids of the suite's reference versions, one for each table."""
        query = select(SuiteReferenceRow.table_version_id).where(
            SuiteReferenceRow.suite_id == suite_id
        )
        return list(self.session.scalars(query))

    def set_reference(self, suite_id: str, *, table_id: str, table_version_id: str) -> None:
        """Measure drift of a table against this version from now on."""
        self.session.merge(
            SuiteReferenceRow(
                suite_id=suite_id, table_id=table_id, table_version_id=table_version_id
            )
        )
        self.session.flush()

    def add_first_reference(self, suite_id: str, *, table_id: str, table_version_id: str) -> None:
        """The same, unless the table has a reference already."""
        if self.reference(suite_id, table_id=table_id) is None:
            self.set_reference(suite_id, table_id=table_id, table_version_id=table_version_id)
