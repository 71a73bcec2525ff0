"""The kind of job that makes a task dataset."""

from shared_lib.jobs.kinds import JobKind

TASK_DATASET = "task_dataset"

KIND = JobKind(
    name=TASK_DATASET,
    run="svc_parquet.task_datasets.jobs:run",
    queue="parquet",
    preload=("svc_parquet.task_datasets.jobs",),
)
