"""The job that makes a task dataset. Runs in a child process: this module imports polars."""

from dataclasses import dataclass

from shared_lib.contracts.tables import ColumnView
from shared_lib.contracts.task_datasets import TaskDatasetSummary, TaskRecipe
from shared_lib.jobs import JobContext
from shared_lib.jobs.fetching import fetch_parts
from svc_parquet.tables.service import Tables
from svc_parquet.tables.storing import store_version
from svc_parquet.task_datasets.building import build
from svc_parquet.task_datasets.repository import TaskDatasetRepository
from svc_parquet.task_datasets.results import Result
from svc_parquet.task_datasets.service import TaskDatasets


@dataclass(frozen=True)
class _Asked:
    table_id: str
    recipe: TaskRecipe
    columns: list[ColumnView]
    parts: list[str]
    bytes_in: int


def run(context: JobContext) -> None:
    """Read the source, split it, put the results under keys of this try, publish them at once."""
    task_dataset_id = context.job.params["task_dataset_id"]
    tables = Tables(context.runtime)
    asked = _read(context, task_dataset_id, tables=tables)
    if asked is None:
        return
    sink = context.scratch / "out"
    sink.mkdir()
    built = build(
        fetch_parts(context, asked.parts, name="source"),
        sink,
        recipe=asked.recipe,
        columns=asked.columns,
        progress=lambda done, total: context.progress(done, total, unit="rows"),
    )
    _tell(context, built.summary)
    context.start_publishing()
    written = built.written
    objects = store_version(
        context, sink, table_id=asked.table_id, parts=written.parts, profile=written.profile
    )
    result = Result(
        columns=built.columns,
        parts=written.parts,
        bytes_in=asked.bytes_in,
        summary=built.summary,
    )
    task_datasets = TaskDatasets(context.runtime, tables=tables)
    with context.publish({"task_dataset_id": task_dataset_id, "table_id": asked.table_id}) as unit:
        task_datasets.publish(unit, task_dataset_id=task_dataset_id, result=result, objects=objects)


def _read(context: JobContext, task_dataset_id: str, *, tables: Tables) -> _Asked | None:
    with context.runtime.database.read() as view:
        row = TaskDatasetRepository(view).get(task_dataset_id)
        if row is None:
            return None
        _, source = TaskDatasetRepository(view).source_of(row)
        parts = tables.parts(view, version=source)
        return _Asked(
            table_id=row.table_id,
            recipe=TaskRecipe.model_validate(row.recipe),
            columns=[ColumnView.model_validate(column) for column in source.columns],
            parts=[part.object_key for part in parts],
            bytes_in=sum(part.bytes for part in parts),
        )


def _tell(context: JobContext, summary: TaskDatasetSummary) -> None:
    """The job's log says what became of the rows."""
    shares = ", ".join(f"{each.rows} {each.split}" for each in summary.splits)
    context.log(f"{summary.rows} of {summary.rows_in} rows, {len(summary.labels)} labels: {shares}")
    for left_out in summary.left_out:
        context.log(
            f"{left_out.rows} rows left out: {left_out.reason}",
            level="warning",
            first=left_out.first,
        )
    near = summary.near_duplicates
    if near is not None and near.rows:
        context.log(
            f"{near.rows} rows have a near-duplicate; {near.rows_across} of them in another split",
            level="warning" if near.rows_across else "info",
        )
