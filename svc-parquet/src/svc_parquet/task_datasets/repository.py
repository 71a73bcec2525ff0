"""All SQL on task datasets."""

from sqlalchemy import func, select

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

    def last_number(self, name: str, *, tenant: str) -> int:
        """The highest version number given out under a name, 0 when there is none."""
        query = select(func.max(TaskDatasetRow.version_number)).where(
            TaskDatasetRow.tenant == tenant, TaskDatasetRow.name == name
        )
        return self.session.scalar(query) or 0

    def dataset_id(self, name: str, *, tenant: str) -> str | None:
        """The dataset that earlier task datasets of that name are versions of."""
        query = select(TaskDatasetRow.dataset_id).where(
            TaskDatasetRow.tenant == tenant, TaskDatasetRow.name == name
        )
        return self.session.scalar(query.limit(1))

    def has_files(self, name: str, *, tenant: str) -> bool:
        """Whether files have landed in a dataset of that name."""
        query = select(SourceFileRow.id).where(
            SourceFileRow.tenant == tenant, SourceFileRow.dataset_name == name
        )
        return self.session.scalar(query.limit(1)) is not None
