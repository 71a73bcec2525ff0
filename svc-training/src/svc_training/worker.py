"""The run-time parts of svc-training, for its API, its supervisor and its job children alike."""

from collections.abc import Iterable

from shared_lib.db.engine import ReadView
from shared_lib.jobs.orphans import OrphanSweep
from shared_lib.jobs.runtime import Runtime, build_runtime
from svc_training.requests import TRAIN_KIND
from svc_training.settings import TrainingSettings
from svc_training.training_jobs.repository import TrainingJobRepository


def runtime(settings: TrainingSettings) -> Runtime:
    """Database, object store, job kinds and sweeps."""
    orphans = OrphanSweep("models/", named=_named_artifacts, every_s=settings.object_sweep_s)
    return build_runtime(
        settings, worker="svc_training.worker:runtime", kinds=(TRAIN_KIND,), sweeps=(orphans,)
    )


def _named_artifacts(view: ReadView, keys: Iterable[str]) -> set[str]:
    return TrainingJobRepository(view).named(keys)


if __name__ == "__main__":
    from shared_lib.jobs.worker import run_worker

    run_worker(runtime(TrainingSettings()))
