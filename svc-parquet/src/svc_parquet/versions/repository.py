"""All SQL on appends and compactions."""

from sqlalchemy import func, select

from shared_lib.db import Repository
from shared_lib.jobs.models import JobRow
from svc_parquet.conversions.models import SourceFileRow
from svc_parquet.tables.models import TableRow, TableVersionRow
from svc_parquet.versions.models import TableChangeRow


class TableChangeRepository(Repository[TableChangeRow]):
    """Rows of changes."""

    model = TableChangeRow

    def get(self, change_id: str) -> TableChangeRow | None:
        """A change of any tenant, for its own job."""
        return self.session.get(TableChangeRow, change_id)

    def job_of(self, row: TableChangeRow) -> JobRow:
        """The job that makes it."""
        return self.session.get_one(JobRow, row.job_id)

    def table(self, table_id: str) -> TableRow:
        """The table of a change."""
        return self.session.get_one(TableRow, table_id)

    def version(self, version_id: str) -> TableVersionRow:
        """A version by its id."""
        return self.session.get_one(TableVersionRow, version_id)

    def last_number(self, dataset_id: str) -> int:
        """The highest version number of a dataset that is known here."""
        landed = select(func.max(SourceFileRow.version_number)).where(
            SourceFileRow.dataset_id == dataset_id
        )
        grown = (
            select(func.max(TableChangeRow.version_number))
            .join(TableRow, TableRow.id == TableChangeRow.table_id)
            .where(TableRow.dataset_id == dataset_id)
        )
        return max(self.session.scalar(landed) or 0, self.session.scalar(grown) or 0)
