"""What a job hands over to be published."""

from dataclasses import dataclass

from shared_lib.contracts.conversions import Part
from shared_lib.contracts.tables import ColumnView
from shared_lib.contracts.task_datasets import TaskDatasetSummary


@dataclass(frozen=True)
class Result:
    """A task dataset that lies in the object store and is not named yet."""

    columns: list[ColumnView]
    parts: list[Part]
    bytes_in: int
    summary: TaskDatasetSummary
