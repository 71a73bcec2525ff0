"""The sweep: jobs whose worker disappeared go back into the queue, old records go away.

Every change is a compare-and-set on the fence, so any number of supervisors may sweep at once.
"""

import logging
import shutil
import time
from pathlib import Path

from shared_lib.db.idempotency import forget_old_answers
from shared_lib.events.inbox import forget_old_events
from shared_lib.jobs.errors import LeaseExpiredError
from shared_lib.jobs.queue import JobQueue
from shared_lib.jobs.repository import JobRepository
from shared_lib.jobs.runtime import Runtime

logger = logging.getLogger(__name__)

BATCH = 100
SCRATCH_LIFE_S = 24 * 3600.0


def sweep_jobs(runtime: Runtime) -> int:
    """Requeue, or end, every job whose lease has run out; the number of them."""
    with runtime.database.read() as view:
        if not JobRepository(view).has_expired():
            return 0
    queue = JobQueue(runtime)
    with runtime.database.write() as unit:
        expired = JobRepository(unit).expired(limit=BATCH)
        for job in expired:
            error = LeaseExpiredError(
                f"The worker {job.worker} stopped renewing its claim in try {job.attempts}."
            )
            logger.warning("a lease expired", extra={"job_id": job.id, "attempt": job.attempts})
            queue.retry(unit, job=job, error=error.problem(flow_id=job.flow_id))
    return len(expired)


def sweep_records(runtime: Runtime) -> None:
    """Drop records that nobody can need any more."""
    with runtime.database.write() as unit:
        forget_old_answers(unit)
        forget_old_events(unit)


def sweep_scratch(runtime: Runtime) -> None:
    """Delete what killed children left in the scratch folder and no live job claims."""
    folder = runtime.settings.scratch_folder
    mine = f"job_{runtime.spec.job_owner}_"
    for entry in sorted(folder.glob(f"{mine}*")):
        if _is_stale(entry, runtime=runtime):
            shutil.rmtree(entry, ignore_errors=True)


def _is_stale(entry: Path, *, runtime: Runtime) -> bool:
    job_id, _, fence = entry.name.rpartition("-")
    with runtime.database.read() as view:
        job = JobRepository(view).get(job_id)
        if job is not None:
            return job.lease_until is None or str(job.fence) != fence
    try:
        return time.time() - entry.stat().st_mtime > SCRATCH_LIFE_S
    except FileNotFoundError:
        return False
