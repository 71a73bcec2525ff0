"""The run-time parts of svc-ingest, for its API and its supervisor alike."""

from shared_lib.jobs.runtime import Runtime, build_runtime
from svc_ingest.settings import IngestSettings
from svc_ingest.uploads.sweep import UploadSweep


def runtime(settings: IngestSettings) -> Runtime:
    """Database, object store and sweep; this service has no kind of job yet."""
    return build_runtime(settings, worker="svc_ingest.worker:runtime", sweeps=(UploadSweep(),))


if __name__ == "__main__":
    from shared_lib.jobs.worker import run_worker

    run_worker(runtime(IngestSettings()))
