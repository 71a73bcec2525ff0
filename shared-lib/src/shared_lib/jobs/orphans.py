"""Objects that no row names and no live try is writing: what a killed child left in the store."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator

from shared_lib.contracts.base import utc_now
from shared_lib.db.engine import ReadView
from shared_lib.jobs.repository import HELD, JobRepository
from shared_lib.jobs.runtime import Runtime

logger = logging.getLogger(__name__)

BATCH = 500

Named = Callable[[ReadView, Iterable[str]], set[str]]
"""Which of these object keys a row names."""


class OrphanSweep:
    """Deletes orphans below a prefix. Their keys end in `<job>-<fence>/<name>`.

    Args:
        prefix: such as `tables/`.
        named: asks the service's own rows.
        every_s: seconds between two searches.
    """

    def __init__(self, prefix: str, *, named: Named, every_s: float) -> None:
        self._prefix = prefix
        self._named = named
        self._every_s = every_s
        self._next = 0.0

    def __call__(self, runtime: Runtime) -> None:
        """Run when it is due; called often."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._every_s
        for batch in _batches(runtime, self._prefix):
            with runtime.database.read() as view:
                # In this order: a job that publishes between the two looks is seen at work by the
                # first, or has named its objects by the second. Each look may see a newer moment.
                left = [
                    key
                    for key, age_s in batch.items()
                    if not _is_being_written(view, key, age_s, runtime)
                ]
                orphans = set(left) - self._named(view, left)
            for key in sorted(orphans):
                logger.info("deleting an object that nobody names", extra={"key": key})
                runtime.store.delete(key)


def _batches(runtime: Runtime, prefix: str) -> Iterator[dict[str, float]]:
    """Keys and their ages in seconds, some hundred at a time."""
    batch: dict[str, float] = {}
    for found in runtime.store.list(prefix):
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
