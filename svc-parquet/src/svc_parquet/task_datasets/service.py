"""Task datasets: asking for one, telling the catalog of it, publishing what was made."""

from typing import Any

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.catalog import SourceTable
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.events import (
    DATASET_VERSION_DERIVED,
    TABLE_PUBLISHED,
    DatasetVersionDerived,
    TablePublished,
)
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.jobs import JobState
from shared_lib.contracts.tables import ColumnView
from shared_lib.contracts.task_datasets import (
    TaskDatasetCreate,
    TaskDatasetSummary,
    TaskDatasetView,
    TaskRecipe,
)
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.db.pages import KeysetPage
from shared_lib.events import emit
from shared_lib.jobs import JobQueue, Runtime
from svc_parquet.tables.models import TableVersionRow
from svc_parquet.tables.objects import PART
from svc_parquet.tables.service import NewVersion, StoredObjects, Tables
from svc_parquet.task_datasets.errors import (
    DatasetHasFilesError,
    NoSuchColumnError,
    TaskDatasetNotFoundError,
)
from svc_parquet.task_datasets.models import TaskDatasetRow
from svc_parquet.task_datasets.repository import TaskDatasetRepository
from svc_parquet.task_datasets.requests import TASK_DATASET
from svc_parquet.task_datasets.results import Result


class TaskDatasets:
    """The task datasets of all tenants."""

    def __init__(self, runtime: Runtime, *, tables: Tables) -> None:
        self._runtime = runtime
        self._tables = tables
        self._queue = JobQueue(runtime)

    def create(self, unit: WriteUnit, *, tenant: str, body: TaskDatasetCreate) -> TaskDatasetView:
        """Ask for one; the catalog hears of the version at once, the table comes with its job.

        Raises:
            TableNotFoundError: no such table in this tenant.
            TableNotPublishedError: it has no version yet.
            TableVersionNotFoundError: it has no version of that number.
            NoSuchColumnError: the recipe names a column that the version does not have.
            DatasetHasFilesError: the name is that of a dataset in which files have landed.
            IntegrityError: another unit has just taken the name's next number; try again.
        """
        _, source = self._tables.version(
            unit, body.table_id, tenant=tenant, number=body.table_version
        )
        recipe = TaskRecipe.model_validate(
            body.model_dump(exclude={"name", "table_id", "table_version"})
        )
        _refuse_unknown_columns(recipe, source)
        if TaskDatasetRepository(unit).has_files(body.name, tenant=tenant):
            raise DatasetHasFilesError(
                f"Files have landed in the dataset {body.name}. Give the task dataset a name of "
                "its own.",
                field="name",
            )
        row = self._add(unit, tenant=tenant, name=body.name, recipe=recipe, source=source)
        self._tell_derived(unit, row)
        return self._view(unit, row)

    def _add(
        self,
        unit: WriteUnit,
        *,
        tenant: str,
        name: str,
        recipe: TaskRecipe,
        source: TableVersionRow,
    ) -> TaskDatasetRow:
        rows = TaskDatasetRepository(unit)
        newest = rows.newest(name, tenant=tenant)
        dataset_id = newest.dataset_id if newest else new_id(IdKind.DATASET)
        task_id, version_id = new_id(IdKind.TASK_DATASET), new_id(IdKind.DATASET_VERSION)
        flow_id = new_id(IdKind.FLOW)
        table = self._tables.ensure(
            unit, tenant=tenant, dataset_id=dataset_id, dataset_name=name, name=name
        )
        job = self._queue.request(
            unit,
            kind=TASK_DATASET,
            tenant=tenant,
            params={"task_dataset_id": task_id},
            subject_id=version_id,
            flow_id=flow_id,
        )
        return rows.add(
            TaskDatasetRow(
                id=task_id,
                tenant=tenant,
                name=name,
                dataset_id=dataset_id,
                version_id=version_id,
                version_number=newest.version_number + 1 if newest else 1,
                flow_id=flow_id,
                source_version_id=source.id,
                table_id=table.id,
                table_version_id=None,
                job_id=job.id,
                recipe=recipe.model_dump(mode="json"),
                summary=None,
                created_at=utc_now(),
            )
        )

    def _tell_derived(self, unit: WriteUnit, row: TaskDatasetRow) -> None:
        emit(
            unit,
            spec=DATASET_VERSION_DERIVED,
            payload=DatasetVersionDerived(
                dataset_id=row.dataset_id,
                dataset_name=row.name,
                version_id=row.version_id,
                source=_source(unit, row),
            ),
            producer=self._runtime.name,
            tenant=row.tenant,
            flow_id=row.flow_id,
            doorbell=self._runtime.doorbell,
        )

    def page(
        self,
        view: ReadView,
        *,
        tenant: str,
        limit: int,
        cursor: str | None,
        name: str | None,
        table_version: str | None,
    ) -> KeysetPage[TaskDatasetView]:
        """The tenant's task datasets, newest first."""
        where = []
        if name is not None:
            where.append(TaskDatasetRow.name == name)
        if table_version is not None:
            where.append(TaskDatasetRow.table_version_id == table_version)
        page = TaskDatasetRepository(view).page(
            tenant=tenant, limit=limit, cursor=cursor, where=tuple(where)
        )
        return KeysetPage(rows=[self._view(view, row) for row in page.rows], next=page.next)

    def read(self, view: ReadView, task_dataset_id: str, *, tenant: str) -> TaskDatasetView:
        """One task dataset.

        Raises:
            TaskDatasetNotFoundError: no such task dataset in this tenant.
        """
        row = TaskDatasetRepository(view).find(task_dataset_id, tenant=tenant)
        if row is None:
            raise TaskDatasetNotFoundError(
                f"There is no task dataset {task_dataset_id}. "
                "`fleet task-dataset list` shows yours."
            )
        return self._view(view, row)

    def publish(
        self, unit: WriteUnit, *, task_dataset_id: str, result: Result, objects: StoredObjects
    ) -> dict[str, Any]:
        """Write the table version and tell of it; runs in the transaction that ends the job."""
        row = TaskDatasetRepository(unit).get(task_dataset_id)
        if row is None:
            raise TaskDatasetNotFoundError(f"There is no task dataset {task_dataset_id}.")
        version = self._tables.add_version(
            unit,
            NewVersion(
                tenant=row.tenant,
                table_id=row.table_id,
                origin="task_dataset",
                file_id=row.version_id,
                dataset_version_id=row.version_id,
                flow_id=row.flow_id,
                bytes_in=result.bytes_in,
                columns=result.columns,
                parts=result.parts,
            ),
            objects=objects,
        )
        row.table_version_id = version.id
        row.summary = result.summary.model_dump(mode="json")
        self._tell_published(unit, row, version=version, result=result, objects=objects)
        return {"table_id": row.table_id, "table_version_id": version.id}

    def _tell_published(
        self,
        unit: WriteUnit,
        row: TaskDatasetRow,
        *,
        version: TableVersionRow,
        result: Result,
        objects: StoredObjects,
    ) -> None:
        emit(
            unit,
            spec=TABLE_PUBLISHED,
            payload=TablePublished(
                dataset_id=row.dataset_id,
                version_id=row.version_id,
                file_id=row.version_id,
                table_id=row.table_id,
                table_version_id=version.id,
                table_name=row.name,
                dataset_name=row.name,
                version_number=row.version_number,
                parts=[part.key for part in objects[PART]],
                job_id=row.job_id,
                rows=version.rows,
                columns=len(result.columns),
                bytes_in=result.bytes_in,
                bytes_out=version.bytes,
                quarantined_rows=0,
            ),
            producer=self._runtime.name,
            tenant=row.tenant,
            flow_id=row.flow_id,
            doorbell=self._runtime.doorbell,
        )

    def _view(self, view: ReadView, row: TaskDatasetRow) -> TaskDatasetView:
        job = TaskDatasetRepository(view).job_of(row)
        return TaskDatasetView(
            id=row.id,
            name=row.name,
            version_id=row.version_id,
            source=_source(view, row),
            recipe=TaskRecipe.model_validate(row.recipe),
            job_id=row.job_id,
            flow_id=row.flow_id,
            state=JobState(job.state),
            table_id=row.table_id,
            table_version_id=row.table_version_id,
            summary=TaskDatasetSummary.model_validate(row.summary) if row.summary else None,
            error=Problem.model_validate(job.error) if job.error else None,
            created_at=row.created_at,
        )


def _source(view: ReadView, row: TaskDatasetRow) -> SourceTable:
    table, version = TaskDatasetRepository(view).source_of(row)
    return SourceTable(
        dataset_name=table.dataset_name,
        table_id=table.id,
        table_name=table.name,
        table_version_id=version.id,
        table_version_number=version.number,
    )


def _refuse_unknown_columns(recipe: TaskRecipe, version: TableVersionRow) -> None:
    known = [ColumnView.model_validate(column).name for column in version.columns]
    for field in ("text", "label", "group", "label_columns"):
        value = getattr(recipe, field)
        for name in value if isinstance(value, list) else [value]:
            if name is not None and name not in known:
                shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
                raise NoSuchColumnError(
                    f"`{field}` names the column {name}, which the table does not have. It has: "
                    f"{shown}.",
                    field=field,
                )
