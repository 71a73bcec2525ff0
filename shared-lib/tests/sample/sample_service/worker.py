"""The run-time parts of the sample service."""

from sample_service.settings import SampleSettings
from shared_lib.jobs import JobKind, Runtime
from shared_lib.jobs.runtime import build_runtime

MEBIBYTE = 1024 * 1024


def _kind(name: str, **values: object) -> JobKind:
    return JobKind(name=name, run=f"sample_service.work:{name}", queue="sample", **values)  # type: ignore[arg-type]


KINDS = (
    _kind("succeed"),
    _kind("say_nothing"),
    _kind("fail_user"),
    _kind("fail_infrastructure", max_attempts=2),
    _kind("flaky"),
    _kind("raise_unexpected", max_attempts=1),
    _kind("exit_at_once", max_attempts=2),
    _kind("segfault", max_attempts=1),
    _kind("eat_memory", memory_limit_bytes=400 * MEBIBYTE),
    _kind("hang"),
    _kind("be_late", time_limit_s=0.7),
    _kind("talk"),
    _kind("write_huge_file"),
    _kind("use_polars", preload=("polars",)),
    _kind("leave_process"),
    _kind("wait_for_file"),
    _kind("publish_twice"),
    _kind("use_gpu", gpu_queue="sample.gpu"),
    _kind("want_gpu", gpu_queue="sample.gpu"),
)


def runtime(settings: SampleSettings) -> Runtime:
    """Database, store and kinds."""
    return build_runtime(settings, worker="sample_service.worker:runtime", kinds=KINDS)


def light_runtime(settings: SampleSettings) -> Runtime:
    """The same without the kind that preloads polars, so that children are ready sooner."""
    kinds = tuple(kind for kind in KINDS if not kind.preload)
    return build_runtime(settings, worker="sample_service.worker:light_runtime", kinds=kinds)
