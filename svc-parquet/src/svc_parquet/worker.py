"""The run-time parts of svc-parquet, for its API, its supervisor and its job children alike."""

from shared_lib.jobs.orphans import OrphanSweep
from shared_lib.jobs.runtime import Runtime, build_runtime
from svc_parquet.conversions.requests import KIND as CONVERT_KIND
from svc_parquet.settings import ParquetSettings
from svc_parquet.tables.objects import PREFIX, named_objects
from svc_parquet.task_datasets.requests import KIND as TASK_DATASET_KIND
from svc_parquet.versions.requests import KINDS as GROWTH_KINDS


def runtime(settings: ParquetSettings) -> Runtime:
    """Database, object store, job kinds and sweeps."""
    orphans = OrphanSweep(PREFIX, named=named_objects, every_s=settings.object_sweep_s)
    return build_runtime(
        settings,
        worker="svc_parquet.worker:runtime",
        kinds=(CONVERT_KIND, TASK_DATASET_KIND, *GROWTH_KINDS),
        sweeps=(orphans,),
    )


if __name__ == "__main__":
    from shared_lib.jobs.worker import run_worker

    run_worker(runtime(ParquetSettings()))
