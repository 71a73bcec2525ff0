"""`/v1/task-datasets`: tables made ready for learning."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from shared_lib.contracts.base import Page
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.contracts.task_datasets import TaskDatasetCreate, TaskDatasetView
from shared_lib.db.collisions import again_after_collision
from shared_lib.web import Once, PageQuery, requires
from shared_lib.web.state import service_of, state_of
from svc_parquet.task_datasets.service import TaskDatasets

router = APIRouter(prefix="/v1/task-datasets", tags=["task datasets"])

Reader = Annotated[Caller, Depends(requires(Scope.TABLES_READ))]
Writer = Annotated[Caller, Depends(requires(Scope.TABLES_WRITE))]


def _task_datasets(request: Request) -> TaskDatasets:
    task_datasets: TaskDatasets = service_of(request, TaskDatasets)
    return task_datasets


Service = Annotated[TaskDatasets, Depends(_task_datasets)]


@router.post("", status_code=202, response_model=TaskDatasetView)
def create_task_dataset(
    body: TaskDatasetCreate, caller: Writer, task_datasets: Service, once: Once
) -> Response:
    """Make a table ready for learning; the job is at `Location`, the rows become a table."""
    return again_after_collision(
        lambda: once.run(
            lambda unit: task_datasets.create(unit, tenant=caller.tenant, body=body),
            location=lambda answer: f"/v1/jobs/{answer.job_id}",
        )
    )


@router.get("")
def list_task_datasets(
    request: Request,
    *,
    caller: Reader,
    task_datasets: Service,
    page: PageQuery,
    name: Annotated[str | None, Query(description="Of this name.")] = None,
    table_version: Annotated[
        str | None, Query(description="The one that is this table version.")
    ] = None,
) -> Page[TaskDatasetView]:
    """Your task datasets, newest first."""
    with state_of(request).runtime.database.read() as view:
        found = task_datasets.page(
            view,
            tenant=caller.tenant,
            limit=page.limit,
            cursor=page.cursor,
            name=name,
            table_version=table_version,
        )
    return Page(items=found.rows, next=found.next)


@router.get("/{task_dataset_id}")
def read_task_dataset(
    request: Request, *, task_dataset_id: str, caller: Reader, task_datasets: Service
) -> TaskDatasetView:
    """One task dataset: its recipe, its splits, what was left out, near-duplicates."""
    with state_of(request).runtime.database.read() as view:
        return task_datasets.read(view, task_dataset_id, tenant=caller.tenant)
