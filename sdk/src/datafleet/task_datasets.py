"""Task datasets: tables made ready for learning."""

from collections.abc import Iterator

from datafleet.addresses import address
from datafleet.pages import read_items
from datafleet.transport import Transport
from shared_lib.contracts.task_datasets import TaskDatasetCreate, TaskDatasetView

_TASK_DATASETS = "/v1/task-datasets"


class TaskDatasets:
    """`/v1/task-datasets`.

    Every method raises `FleetApiError` when the fleet answers with a problem and
    `UnreachableError` when nobody answers.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self,
        *,
        name: str | None = None,
        table_version: str | None = None,
        limit: int | None = None,
    ) -> Iterator[TaskDatasetView]:
        """Your task datasets, newest first; those of one name, or the one of a table version."""
        params = {"name": name, "table_version": table_version}
        return read_items(
            self._transport, _TASK_DATASETS, item=TaskDatasetView, params=params, limit=limit
        )

    def read(self, task_dataset_id: str) -> TaskDatasetView:
        """A task dataset: its recipe, its splits, what was left out, near-duplicates."""
        path = address(_TASK_DATASETS, task_dataset_id)
        return self._transport.get(path, answers=TaskDatasetView)

    def create(self, recipe: TaskDatasetCreate) -> TaskDatasetView:
        """Ask for one; wait for its `job_id`. It is then a table of the dataset `recipe.name`."""
        return self._transport.post(_TASK_DATASETS, answers=TaskDatasetView, body=recipe)
