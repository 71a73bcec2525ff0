"""The run-time parts of svc-quality, for its API, its supervisor and its job children alike."""

from shared_lib.jobs.runtime import Runtime, build_runtime
from svc_quality.settings import QualitySettings


def runtime(settings: QualitySettings) -> Runtime:
    """Database and object store; this service has no kind of job yet."""
    return build_runtime(settings, worker="svc_quality.worker:runtime")


if __name__ == "__main__":
    from shared_lib.jobs.worker import run_worker

    run_worker(runtime(QualitySettings()))
