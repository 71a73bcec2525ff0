"""The run-time parts of svc-quality, for its API, its supervisor and its job children alike."""

from collections.abc import Iterable

from shared_lib.db.engine import ReadView
from shared_lib.jobs.orphans import OrphanSweep
from shared_lib.jobs.runtime import Runtime, build_runtime
from svc_quality.judgements.repository import JudgementRepository
from svc_quality.requests import INFER_KIND, JUDGE_KIND
from svc_quality.settings import QualitySettings


def runtime(settings: QualitySettings) -> Runtime:
    """Database, object store, job kinds and sweeps."""
    orphans = OrphanSweep("reports/", named=_named_reports, every_s=settings.object_sweep_s)
    return build_runtime(
        settings,
        worker="svc_quality.worker:runtime",
        kinds=(JUDGE_KIND, INFER_KIND),
        sweeps=(orphans,),
    )


def _named_reports(view: ReadView, keys: Iterable[str]) -> set[str]:
    return JudgementRepository(view).named(keys)


if __name__ == "__main__":
    from shared_lib.jobs.worker import run_worker

    run_worker(runtime(QualitySettings()))
