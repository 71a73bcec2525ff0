"""The run-time parts of svc-training, for its API, its supervisor and its job children alike."""

from shared_lib.jobs.runtime import Runtime, build_runtime
from svc_training.settings import TrainingSettings


def runtime(settings: TrainingSettings) -> Runtime:
    """Database and object store; this service has no kind of job yet."""
    return build_runtime(settings, worker="svc_training.worker:runtime")


if __name__ == "__main__":
    from shared_lib.jobs.worker import run_worker

    run_worker(runtime(TrainingSettings()))
