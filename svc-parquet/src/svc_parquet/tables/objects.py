"""The objects a table version is made of: their roles, names, and which of them nobody names."""

import logging
import time
from collections.abc import Iterator

from shared_lib.contracts.base import utc_now
from shared_lib.db.engine import ReadView
from shared_lib.jobs.repository import HELD, JobRepository
from shared_lib.jobs.runtime import Runtime
from svc_parquet.settings import ParquetSettings
from svc_parquet.tables.repository import TableVersionRepository

logger = logging.getLogger(__name__)

PART = "part"
PREVIEW = "preview"
QUARANTINE = "quarantine"
REPORT = "report"

PREFIX = "tables/"
BATCH = 500


class ObjectSweep:
    """Deletes objects under `tables/` that no version names and no live try is writing."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, runtime: Runtime) -> None:
        """Run when it is due; called often."""
        settings = runtime.settings
        if not isinstance(settings, ParquetSettings) or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + settings.object_sweep_s
        for batch in _batches(runtime):
            with runtime.database.read() as view:
                named = TableVersionRepository(view).named(batch)
                orphans = [
                    key
                    for key, age_s in batch.items()
                    if key not in named and not _is_being_written(view, key, age_s, runtime)
                ]
            for key in orphans:
                logger.info("deleting an object that nobody names", extra={"key": key})
                runtime.store.delete(key)


def _batches(runtime: Runtime) -> Iterator[dict[str, float]]:
    """Keys and their ages in seconds, some hundred at a time."""
    batch: dict[str, float] = {}
    for found in runtime.store.list(PREFIX):
        batch[found.key] = (utc_now() - found.modified_at).total_seconds()
        if len(batch) >= BATCH:
            yield batch
            batch = {}
    if batch:
        yield batch


def _is_being_written(view: ReadView, key: str, age_s: float, runtime: Runtime) -> bool:
    """Whether the try that the key names still holds its job; unknown writers get some time."""
    job_id, _, fence = key.split("/")[-2].rpartition("-")
    job = JobRepository(view).get(job_id)
    if job is None:
        return age_s < runtime.settings.jobs.nameless_object_age_s
    return job.state in HELD and str(job.fence) == fence
