"""The run-time parts of svc-training, for its API, its supervisor and its job children alike."""

from collections.abc import Iterable

from shared_lib.db.engine import ReadView
from shared_lib.jobs.orphans import OrphanSweep
from shared_lib.jobs.runtime import Runtime, build_runtime
from svc_training.reports.repository import ReportRepository
from svc_training.requests import REPORT_KIND, TRAIN_KIND
from svc_training.settings import TrainingSettings
from svc_training.training_jobs.repository import TrainingJobRepository
from svc_training.triggers.sweep import ScheduleSweep


def runtime(settings: TrainingSettings) -> Runtime:
    """Database, object store, job kinds and sweeps."""
    every_s = settings.object_sweep_s
    return build_runtime(
        settings,
        worker="svc_training.worker:runtime",
        kinds=(TRAIN_KIND, REPORT_KIND),
        sweeps=(
            ScheduleSweep(),
            OrphanSweep("models/", named=_named_artifacts, every_s=every_s),
            OrphanSweep("training-reports/", named=_named_reports, every_s=every_s),
        ),
    )


def _named_artifacts(view: ReadView, keys: Iterable[str]) -> set[str]:
    return TrainingJobRepository(view).named(keys)


def _named_reports(view: ReadView, keys: Iterable[str]) -> set[str]:
    return ReportRepository(view).named(keys)


if __name__ == "__main__":
    from shared_lib.jobs.worker import run_worker

    run_worker(runtime(TrainingSettings()))
