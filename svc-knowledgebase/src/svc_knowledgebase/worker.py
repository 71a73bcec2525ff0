"""The run-time parts of svc-knowledgebase, for its API, its supervisor and its children alike."""

from shared_lib.jobs.runtime import Runtime, build_runtime
from svc_knowledgebase.settings import KnowledgebaseSettings


def runtime(settings: KnowledgebaseSettings) -> Runtime:
    """Database and object store; this service has no kind of job yet."""
    return build_runtime(settings, worker="svc_knowledgebase.worker:runtime")


if __name__ == "__main__":
    from shared_lib.jobs.worker import run_worker

    run_worker(runtime(KnowledgebaseSettings()))
