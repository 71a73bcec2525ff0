"""The supervisor: claims jobs, runs each in a child, renews leases, ends what must end.

One loop, no work of its own. It waits on the doorbell and on its children's sentinels; deliveries
and sweeps run in one thread each, so that a slow disk cannot delay a lease.
"""

import logging
import multiprocessing.connection
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence

from sqlalchemy.exc import SQLAlchemyError

from shared_lib.contracts.errors import FleetError
from shared_lib.contracts.jobs import JobState
from shared_lib.doorbell import drain
from shared_lib.events.delivery import Delivery
from shared_lib.faults import crash_point
from shared_lib.jobs.children import Child, ChildFactory
from shared_lib.jobs.errors import ChildDiedError, MemoryLimitError, TimeLimitError
from shared_lib.jobs.queue import JobQueue
from shared_lib.jobs.repository import HELD, JobRepository
from shared_lib.jobs.runtime import Runtime
from shared_lib.jobs.sweep import sweep_jobs, sweep_records, sweep_scratch

logger = logging.getLogger(__name__)

WATCH_EVERY_S = 0.5
RECORDS_EVERY_S = 3600.0


class Supervisor:
    """Runs the jobs of one or more services on this machine.

    Args:
        runtimes: the services; each brings its own database, store and job kinds.
        deliveries: their outboxes.
        doorbell: a descriptor that becomes readable when there may be work, or None to poll only.
    """

    def __init__(
        self,
        runtimes: Sequence[Runtime],
        *,
        deliveries: Sequence[Delivery],
        doorbell: int | None = None,
    ) -> None:
        self._runtimes = list(runtimes)
        self._settings = self._runtimes[0].settings.jobs
        self._deliveries = deliveries
        self._doorbell = doorbell
        self._factory = ChildFactory(self._runtimes)
        self._children: dict[str, Child] = {}
        self._worker = f"{socket.gethostname()}:{os.getpid()}"
        self._stop = threading.Event()
        self._rung = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        self._next_beat = self._next_watch = 0.0

    def stop(self) -> None:
        """End the loop soon; may be called from a signal handler or another thread."""
        self._stop.set()
        os.write(self._wake_write, b"\n")

    def run(self) -> None:
        """Work until `stop`; then end the children, whose jobs go back into the queue."""
        threads = [
            threading.Thread(target=self._deliver, name="delivery"),
            threading.Thread(target=self._sweep, name="sweep"),
        ]
        for thread in threads:
            thread.start()
        try:
            while not self._stop.is_set():
                self._guard(self._turn)
        finally:
            self._stop.set()
            self._rung.set()
            for child in list(self._children.values()):
                child.kill()
                self._guard(self._bury, child)
            for thread in threads:
                thread.join()

    def _turn(self) -> None:
        self._claim()
        self._wait()
        self._reap()
        now = time.monotonic()
        if self._children and now >= self._next_watch:
            self._next_watch = now + WATCH_EVERY_S
            self._watch()
        if self._children and now >= self._next_beat:
            self._next_beat = now + self._settings.beat_s
            self._beat()
        if not self._children:
            self._factory.rest(idle_s=self._settings.idle_s)

    def _guard(self, step: Callable[..., object], *arguments: object) -> None:
        """A database that is away must not end the supervisor: say so, wait, go on."""
        try:
            step(*arguments)
        except (FleetError, SQLAlchemyError, OSError):
            logger.exception("a supervisor step failed and is tried again")
            self._stop.wait(1.0)

    def _wait(self) -> None:
        sentinels = [child.process.sentinel for child in self._children.values()]
        bells = [self._wake_read] + ([self._doorbell] if self._doorbell is not None else [])
        ready = multiprocessing.connection.wait(sentinels + bells, timeout=self._settings.poll_s)
        for bell in bells:
            if bell in ready:
                if bell == self._doorbell:
                    drain(bell)
                self._rung.set()

    def _claim(self) -> None:
        for runtime in self._runtimes:
            queues = sorted({kind.queue for kind in runtime.kinds.values()})
            while queues and len(self._children) < self._settings.children:
                if not self._claim_one(runtime, queues=queues):
                    break

    def _claim_one(self, runtime: Runtime, *, queues: list[str]) -> bool:
        with runtime.database.read() as view:
            if not JobRepository(view).has_claimable(queues=queues):
                return False
        with runtime.database.write() as unit:
            job = JobRepository(unit).claim(
                queues=queues, worker=self._worker, lease_s=self._settings.lease_s
            )
            if job is None:
                return False
            job_id, fence, kind = job.id, job.fence, runtime.kinds[job.kind]
        crash_point("jobs.supervisor.claimed")
        child = self._factory.start(runtime, kind=kind, job_id=job_id, fence=fence)
        self._children[job_id] = child
        return True

    def _reap(self) -> None:
        for child in [c for c in self._children.values() if not c.process.is_alive()]:
            child.process.join()
            self._bury(child)

    def _bury(self, child: Child) -> None:
        """A child has ended: when its job has not, the process died and the job is tried again."""
        with child.runtime.database.write() as unit:
            job = JobRepository(unit).get(child.job_id)
            if job is not None and job.fence == child.fence and job.state in HELD:
                error = ChildDiedError(
                    f"The process of try {job.attempts} ended with code {child.process.exitcode}."
                )
                logger.warning(error.detail, extra={"job_id": job.id})
                JobQueue(child.runtime).retry(
                    unit, job=job, error=error.problem(flow_id=job.flow_id)
                )
        self._children.pop(child.job_id, None)

    def _beat(self) -> None:
        for child in list(self._children.values()):
            with child.runtime.database.write() as unit:
                job = JobRepository(unit).renew(
                    child.job_id, fence=child.fence, lease_s=self._settings.lease_s
                )
            if job is None and child.process.is_alive():
                # Another worker has the job, or it has just ended; a live child is a zombie then.
                child.process.join(timeout=self._settings.beat_s / 3)
                child.kill()

    def _watch(self) -> None:
        """End children that are cancelled, too old or too large."""
        for runtime in self._runtimes:
            mine = [c for c in self._children.values() if c.runtime is runtime]
            if not mine:
                continue
            with runtime.database.read() as view:
                cancelled = JobRepository(view).cancel_requested(c.job_id for c in mine)
            for child in mine:
                if child.job_id in cancelled:
                    self._end(child, state=JobState.CANCELLED, error=None)
                elif child.overdue:
                    limit = child.time_limit_s
                    late = TimeLimitError(
                        f"The job ran longer than {limit:.0f} s and was ended. "
                        "Split the input, or raise FLEET_JOBS__TIME_LIMIT_S."
                    )
                    self._end(child, state=JobState.FAILED, error=late)
                elif child.resident_bytes() > child.memory_limit_bytes:
                    megabytes = child.memory_limit_bytes // 1024**2
                    large = MemoryLimitError(
                        f"The job held more than {megabytes} MiB of memory and was ended. "
                        "Split the input, or raise FLEET_JOBS__MEMORY_LIMIT_BYTES."
                    )
                    self._end(child, state=JobState.FAILED, error=large)

    def _end(self, child: Child, *, state: JobState, error: FleetError | None) -> None:
        child.kill()
        with child.runtime.database.write() as unit:
            JobQueue(child.runtime).end(
                unit,
                job_id=child.job_id,
                fence=child.fence,
                state=state,
                error=error.problem() if error else None,
                failure=error.failure if error else None,
            )
        self._children.pop(child.job_id, None)

    def _deliver(self) -> None:
        while not self._stop.is_set():
            for delivery in self._deliveries:
                self._guard(lambda d: d.run_once(), delivery)
            self._rung.wait(self._settings.poll_s)
            self._rung.clear()

    def _sweep(self) -> None:
        next_records = time.monotonic()
        while not self._stop.wait(self._settings.sweep_s):
            for runtime in self._runtimes:
                self._guard(sweep_jobs, runtime)
                self._guard(sweep_scratch, runtime)
                for sweep in runtime.sweeps:
                    self._guard(sweep, runtime)
                if time.monotonic() >= next_records:
                    self._guard(sweep_records, runtime)
            if time.monotonic() >= next_records:
                next_records = time.monotonic() + RECORDS_EVERY_S
