"""All SQL on task datasets."""

from sqlalchemy import select

from shared_lib.db import Repository
from shared_lib.jobs.models import JobRow
from svc_parquet.conversions.models import SourceFileRow
from svc_parquet.tables.models import TableRow, TableVersionRow
from svc_parquet.task_datasets.models import TaskDatasetRow


class TaskDatasetRepository(Repository[TaskDatasetRow]):
    """Rows of task datasets."""

    model = TaskDatasetRow

    def get(self, task_dataset_id: str) -> TaskDatasetRow | None:
        """A task dataset of any tenant, for its own job."""
        return self.session.get(TaskDatasetRow, task_dataset_id)

    def job_of(self, row: TaskDatasetRow) -> JobRow:
        """The job that makes it."""
        return self.session.get_one(JobRow, row.job_id)

    def source_of(self, row: TaskDatasetRow) -> tuple[TableRow, TableVersionRow]:
        """The table and the version that it is made from."""
        version = self.session.get_one(TableVersionRow, row.source_version_id)
        return self.session.get_one(TableRow, version.table_id), version

    def newest(self, name: str, *, tenant: str) -> TaskDatasetRow | None:
        """The task dataset of that name with the highest number.

        Read once: its dataset and its number must be of the same moment, or two that are asked for
        at once would not collide on their number.
        """
        query = self.of_tenant(tenant).where(TaskDatasetRow.name == name)
        row: TaskDatasetRow | None = self.session.scalar(
            query.order_by(TaskDatasetRow.version_number.desc()).limit(1)
        )
        return row

    def has_files(self, name: str, *, tenant: str) -> bool:
        """Whether files have landed in a dataset of that name."""
        query = select(SourceFileRow.id).where(
            SourceFileRow.tenant == tenant, SourceFileRow.dataset_name == name
        )
        return self.session.scalar(query.limit(1)) is not None
