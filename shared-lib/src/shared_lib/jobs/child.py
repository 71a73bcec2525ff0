"""The child process of one job: its own session, bounded, gone when its parent is gone."""

import errno
import importlib
import logging
import multiprocessing
import multiprocessing.connection
import os
import resource
import shutil
import signal
import threading
from typing import Any

from shared_lib.contracts.errors import FleetError, NoSpaceError, Problem, UnavailableError
from shared_lib.contracts.jobs import JobState
from shared_lib.faults import crash_point
from shared_lib.jobs.context import ClaimedJob, JobContext
from shared_lib.jobs.errors import FileLimitError, JobFailedError, LeaseLostError
from shared_lib.jobs.gpus import Gpu
from shared_lib.jobs.models import JobRow
from shared_lib.jobs.processes import TAG, adopt_orphans, kill_descendants
from shared_lib.jobs.queue import JobQueue
from shared_lib.jobs.repository import JobRepository
from shared_lib.jobs.runtime import Runtime
from shared_lib.observability import bind, configure_logging
from shared_lib.settings.blocks import ServiceSettings

logger = logging.getLogger(__name__)


def child_main(
    worker: str, settings: ServiceSettings, job_id: str, fence: int, gpu: Gpu | None
) -> None:
    """Run one claimed job to its end. The target of the forkserver's processes."""
    os.setsid()
    os.environ[TAG] = f"{job_id}-{fence}"
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    adopt_orphans()
    _die_with_parent()
    limit = settings.jobs.file_limit_bytes
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    # A file over the limit is an error with a message (EFBIG), not a silent death.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    configure_logging(
        settings.service, level=settings.log.level, json_lines=settings.log.json_lines
    )
    runtime: Runtime = load(worker)(settings).beside_its_supervisor()
    job = _start(runtime, job_id=job_id, fence=fence)
    if job is None:
        return
    scratch = settings.scratch_folder / job.writer
    context = JobContext(job, runtime=runtime, scratch=scratch, gpu=gpu)
    try:
        with bind(job_id=job.id, flow_id=job.flow_id):
            _run(context)
    finally:
        kill_descendants()
        shutil.rmtree(context.scratch, ignore_errors=True)
        runtime.database.dispose()


def warm() -> None:
    """Do nothing: whoever waited for this child knows that the imports are done."""


def load(path: str) -> Any:
    """The object that `module:name` names."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def _die_with_parent() -> None:
    """End this process and everything it started when the supervisor ends, however it ends."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch(sentinel: int) -> None:
        multiprocessing.connection.wait([sentinel])
        kill_descendants()
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, args=(parent.sentinel,), daemon=True, name="parent").start()


def _start(runtime: Runtime, *, job_id: str, fence: int) -> ClaimedJob | None:
    with runtime.database.write() as unit:
        row = JobRepository(unit).change(
            job_id, fence=fence, state=JobState.RUNNING, revision=JobRow.revision + 1
        )
        if row is None:
            return None
        JobQueue(runtime).tell(unit, row)
        job = ClaimedJob(
            id=row.id,
            tenant=row.tenant,
            kind=row.kind,
            params=row.params,
            subject_id=row.subject_id,
            flow_id=row.flow_id,
            fence=row.fence,
            attempt=row.attempts,
        )
    crash_point("jobs.child.running")
    return job


def _run(context: JobContext) -> None:
    kind = context.runtime.kinds[context.job.kind]
    try:
        context.scratch.mkdir(parents=True)
        load(kind.run)(context)
        if not context.ended:
            with context.publish({}):
                pass
    except LeaseLostError:
        logger.warning("this try was overtaken; its work is discarded")
    except FleetError as error:
        _fail(context, error)
    except Exception as error:  # noqa: BLE001 - whatever a job raises must end in its row
        _fail(context, _explain(error, settings=context.runtime.settings))


def _explain(error: Exception, *, settings: ServiceSettings) -> FleetError:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpaceError(
            f"The disk of {settings.data} is full. Free some space; the job is tried again then."
        )
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        megabytes = settings.jobs.file_limit_bytes // 1024**2
        return FileLimitError(
            f"The job wrote a file of more than {megabytes} MiB and was ended. "
            "Split the input, or raise FLEET_JOBS__FILE_LIMIT_BYTES."
        )
    logger.error("the job failed unexpectedly", exc_info=error)
    if isinstance(error, MemoryError):
        return JobFailedError(
            "The machine had no memory left for the job. Run fewer jobs at a time "
            "(FLEET_JOBS__CHILDREN), or split the input."
        )
    return JobFailedError(
        f"{type(error).__name__}: {error}. The worker's log has the trace under this job's id; "
        "the input may be one that nobody foresaw."
    )


def _fail(context: JobContext, error: FleetError) -> None:
    """Write the failure into the row: bad input ends the job, trouble of ours is tried again."""
    problem: Problem = error.problem(flow_id=context.job.flow_id)
    job_id, fence = context.job.id, context.job.fence
    queue = JobQueue(context.runtime)
    crash_point("jobs.child.failing")
    with context.runtime.database.write() as unit:
        if error.failure == "infrastructure":
            job = JobRepository(unit).lock_held(job_id, fence=fence)
            if job is not None:
                outage = isinstance(error, UnavailableError)
                queue.retry(unit, job=job, error=problem, outage=outage, wait_s=error.wait_s)
        else:
            queue.end(
                unit,
                job_id=job_id,
                fence=fence,
                state=JobState.FAILED,
                error=problem,
                failure=error.failure,
            )
    crash_point("jobs.child.failed")
