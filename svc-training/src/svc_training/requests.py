"""The kinds of job of this service."""

from shared_lib.jobs.kinds import JobKind

TRAIN = "train"
REPORT = "report"

TRAIN_KIND = JobKind(
    name=TRAIN,
    run="svc_training.training_jobs.jobs:run",
    queue="training",
    gpu_queue="training.gpu",
    # DVC takes a second to import; a child that is forked from a warm process does not wait.
    preload=(
        "svc_training.training_jobs.jobs",
        "svc_training.workspaces.warm",
        "dvc.repo.reproduce",
        "dvc.commands.repro",
    ),
    ended="svc_training.reports.service:on_training_ended",
)
REPORT_KIND = JobKind(
    name=REPORT,
    run="svc_training.reports.jobs:run",
    queue="training",
    preload=("svc_training.reports.jobs",),
    time_limit_s=600.0,
)
