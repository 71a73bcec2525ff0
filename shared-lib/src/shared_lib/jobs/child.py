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
from pathlib import Path
from typing import Any

from shared_lib.contracts.errors import FleetError, InternalError, NoSpaceError, Problem
from shared_lib.contracts.jobs import JobState
from shared_lib.faults import crash_point
from shared_lib.jobs.context import ClaimedJob, JobContext
from shared_lib.jobs.errors import LeaseLostError
from shared_lib.jobs.models import JobRow
from shared_lib.jobs.queue import JobQueue
from shared_lib.jobs.repository import JobRepository
from shared_lib.jobs.runtime import Runtime
from shared_lib.observability import bind, configure_logging
from shared_lib.settings.blocks import ServiceSettings

logger = logging.getLogger(__name__)


def child_main(worker: str, settings: ServiceSettings, job_id: str, fence: int) -> None:
    """Run one claimed job to its end. The target of the forkserver's processes."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    _die_with_parent()
    limit = settings.jobs.file_limit_bytes
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    # A file over the limit is an error with a message (EFBIG), not a silent death.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    configure_logging(
        settings.service, level=settings.log.level, json_lines=settings.log.json_lines
    )
    runtime: Runtime = load(worker)(settings)
    job = _start(runtime, job_id=job_id, fence=fence)
    if job is None:
        return
    scratch = settings.scratch_folder / job.writer
    scratch.mkdir(parents=True)
    try:
        with bind(job_id=job.id, flow_id=job.flow_id):
            _run(JobContext(job, runtime=runtime, scratch=scratch))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        runtime.database.dispose()


def load(path: str) -> Any:
    """The object that `module:name` names."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def _die_with_parent() -> None:
    """End the whole process group when the supervisor ends, however it ends."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch(sentinel: int) -> None:
        multiprocessing.connection.wait([sentinel])
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
        load(kind.run)(context)
        if not context.ended:
            with context.publish({}):
                pass
    except LeaseLostError:
        logger.warning("this try was overtaken; its work is discarded")
    except FleetError as error:
        _fail(context, error)
    except OSError as error:
        _fail(context, _from_os_error(error, folder=context.runtime.settings.data))
    except MemoryError:
        _fail(context, InternalError("The job ran out of memory. It is tried again."))
    except Exception as error:
        logger.exception("the job failed unexpectedly")
        _fail(context, InternalError(f"{type(error).__name__}: {error}"))


def _from_os_error(error: OSError, *, folder: Path) -> FleetError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpaceError(f"The disk of {folder} is full. Free some space; the job goes on then.")
    logger.error("the job failed unexpectedly", exc_info=error)
    return InternalError(f"{type(error).__name__}: {error}")


def _fail(context: JobContext, error: FleetError) -> None:
    """Write the failure into the row: bad input ends the job, trouble of ours is tried again."""
    problem: Problem = error.problem(flow_id=context.job.flow_id)
    queue = JobQueue(context.runtime)
    with context.runtime.database.write() as unit:
        if error.failure == "infrastructure":
            row = JobRepository(unit).get(context.job.id)
            if row is not None and row.fence == context.job.fence:
                queue.retry(unit, job=row, error=problem)
        else:
            queue.end(
                unit,
                job_id=context.job.id,
                fence=context.job.fence,
                state=JobState.FAILED,
                error=problem,
                failure=error.failure,
            )
