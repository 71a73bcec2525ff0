"""What a job's own code sees inside its child process."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared_lib.contracts.jobs import JobState
from shared_lib.db.engine import WriteUnit
from shared_lib.faults import crash_point
from shared_lib.jobs.errors import LeaseLostError
from shared_lib.jobs.gpus import Gpu
from shared_lib.jobs.models import JobRow
from shared_lib.jobs.queue import JobQueue
from shared_lib.jobs.repository import JobRepository
from shared_lib.jobs.runtime import Runtime

logger = logging.getLogger(__name__)

PROGRESS_EVERY_S = 0.5


@dataclass(frozen=True)
class ClaimedJob:
    """The job as it was claimed. `fence` tells this try from every other."""

    id: str
    tenant: str
    kind: str
    params: dict[str, Any]
    subject_id: str | None
    flow_id: str | None
    fence: int
    attempt: int

    @property
    def writer(self) -> str:
        """Names the writer in object keys: no two tries ever share a key."""
        return f"{self.id}-{self.fence}"


class JobContext:
    """The job, its service's parts, and a scratch folder that is deleted when the child ends.

    `gpu` is the job's own while it runs; None when it asked for none.
    """

    def __init__(
        self, job: ClaimedJob, *, runtime: Runtime, scratch: Path, gpu: Gpu | None = None
    ) -> None:
        self.job = job
        self.gpu = gpu
        self.runtime = runtime
        self.scratch = scratch
        self.ended = False
        self._queue = JobQueue(runtime)
        self._next_progress = 0.0

    def progress(self, done: int, total: int | None = None, *, unit: str = "bytes") -> None:
        """Say how far the work is; written at most twice a second.

        Raises:
            LeaseLostError: another worker has the job, so going on is of no use.
        """
        now = time.monotonic()
        if now < self._next_progress and done != total:
            return
        self._next_progress = now + PROGRESS_EVERY_S
        self._change(progress_done=done, progress_total=total, progress_unit=unit)

    def log(self, message: str, *, level: str = "info", **facts: Any) -> None:
        """Write a line into the job's log, which people read while it runs.

        Raises:
            LeaseLostError: another worker has the job; its log is not ours to write.
        """
        self._write_log([{**facts, "level": level, "message": message}])

    def log_lines(self, messages: Sequence[str]) -> None:
        """Write lines that came together, such as a program's output, in one transaction.

        Raises:
            LeaseLostError: another worker has the job; its log is not ours to write.
        """
        self._write_log([{"level": "info", "message": message} for message in messages])

    def move_to_gpu(self) -> None:
        """Leave the job to a worker that has a GPU; nothing more is to be done in this try.

        Raises:
            LeaseLostError: another worker has the job.
        """
        with self.runtime.database.write() as unit:
            job = JobRepository(unit).lock_held(self.job.id, fence=self.job.fence)
            if job is None:
                raise _lost(self.job)
            self._queue.hand_back(unit, job=job, to_gpu=True)
        self.ended = True

    def start_publishing(self) -> None:
        """The work is done; from here on objects are put under their final keys.

        Raises:
            LeaseLostError: another worker has the job.
        """
        self._change(state=JobState.PUBLISHING, revision=JobRow.revision + 1)

    @contextmanager
    def publish(self, result: dict[str, Any]) -> Iterator[WriteUnit]:
        """The transaction that makes the job's effect visible and ends the job, both or neither.

        Raises:
            LeaseLostError: another worker has the job; nothing of the block is kept.
        """
        crash_point("jobs.publish.before_commit")
        with self.runtime.database.write() as unit:
            ended = self._queue.end(
                unit,
                job_id=self.job.id,
                fence=self.job.fence,
                state=JobState.SUCCEEDED,
                result=result,
            )
            if ended is None:
                raise _lost(self.job)
            yield unit
        self.ended = True
        crash_point("jobs.publish.committed")

    def _write_log(self, lines: Sequence[dict[str, Any]]) -> None:
        with self.runtime.database.write() as unit:
            jobs = JobRepository(unit)
            if jobs.change(self.job.id, fence=self.job.fence) is None:
                raise _lost(self.job)
            for line in lines:
                jobs.add_entry(self.job.id, name="log", data=line)

    def _change(self, **values: Any) -> None:
        with self.runtime.database.write() as unit:
            changed = JobRepository(unit).change(self.job.id, fence=self.job.fence, **values)
        if changed is None:
            raise _lost(self.job)


def _lost(job: ClaimedJob) -> LeaseLostError:
    return LeaseLostError(f"Try {job.fence} of {job.id} is not the present one any more.")
