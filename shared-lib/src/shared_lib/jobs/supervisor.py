"""The supervisor: claims jobs, runs each in a child, renews leases, ends what must end.

One loop, no work of its own. It waits on the doorbell and on its children's sentinels. Everything
that may take long has threads of its own (deliveries, sweeps), so that it cannot delay a lease, and
every step is guarded by itself: a database that is away delays its own service and no other.
"""

import contextlib
import logging
import multiprocessing.connection
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.jobs import JobState
from shared_lib.doorbell import drain
from shared_lib.events.courier import Courier
from shared_lib.events.delivery import Delivery
from shared_lib.faults import crash_point
from shared_lib.jobs.alive import heartbeat
from shared_lib.jobs.children import Child, ChildFactory, Verdict
from shared_lib.jobs.errors import ChildDiedError, MemoryLimitError, TimeLimitError
from shared_lib.jobs.gpus import Gpu
from shared_lib.jobs.queue import JobQueue
from shared_lib.jobs.repository import JobRepository
from shared_lib.jobs.runtime import Runtime
from shared_lib.jobs.sweep import sweep_jobs, sweep_records, sweep_scratch
from shared_lib.jobs.workers import SEEN_EVERY_S, WorkerRepository

logger = logging.getLogger(__name__)

WATCH_EVERY_S = 0.5
RECORDS_EVERY_S = 3600.0
WAIT_AFTER_FAILURE_S = 1.0


class Supervisor:
    """Runs the jobs of one or more services on this machine.

    Args:
        runtimes: the services; each brings its own database, store and job kinds.
        deliveries: their outboxes.
        doorbell: a descriptor that becomes readable when there may be work, or None to poll only.
        gpus: one job that asks for a GPU runs on each, beside the others.
    """

    def __init__(
        self,
        runtimes: Sequence[Runtime],
        *,
        deliveries: Sequence[Delivery],
        doorbell: int | None = None,
        gpus: Sequence[Gpu] = (),
    ) -> None:
        self._runtimes = tuple(runtimes)
        self._settings = self._runtimes[0].settings.jobs
        self._doorbell = doorbell
        self._gpus = tuple(gpus)
        self._turns = deque(r for r in runtimes if r.kinds)
        self._factory = ChildFactory(list(runtimes))
        self._courier = Courier(deliveries, poll_s=self._settings.poll_s)
        self._children: dict[str, Child] = {}
        self._worker = f"{socket.gethostname()}:{os.getpid()}"
        self._started_at = utc_now()
        self._stop = threading.Event()
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_write.settimeout(0)
        self._claim_after: dict[str, float] = {}
        self._next_beat = self._next_watch = 0.0

    def stop(self) -> None:
        """End the loop soon; may be called from a signal handler or another thread, repeatedly."""
        self._stop.set()
        with contextlib.suppress(OSError):
            self._wake_write.send(b"\n")

    def run(self) -> None:
        """Work until `stop`; then end the children, whose jobs go back into the queue."""
        sweeps = [
            threading.Thread(target=self._sweep_leases, name="lease-sweep"),
            threading.Thread(target=self._sweep_rest, name="sweep"),
        ]
        self._courier.start()
        for thread in sweeps:
            thread.start()
        try:
            while not self._stop.is_set():
                self._turn()
        finally:
            self._stop.set()
            for child in list(self._children.values()):
                self._guard(self._bury, child)
            for child in self._children.values():
                child.kill()
            self._factory.close()
            self._courier.stop()
            for thread in sweeps:
                thread.join()
            for runtime in self._runtimes:
                self._guard(self._say_goodbye, runtime)
            self._wake_read.close()
            self._wake_write.close()

    def _turn(self) -> None:
        self._claim()
        self._wait()
        for child in [c for c in self._children.values() if not c.process.is_alive()]:
            self._guard(self._bury, child)
        now = time.monotonic()
        if now >= self._next_watch:
            self._next_watch = now + WATCH_EVERY_S
            self._guard(heartbeat, self._runtimes[0].settings.run_folder)
            for runtime in self._runtimes:
                self._guard(self._watch, runtime)
        if now >= self._next_beat:
            self._next_beat = now + self._settings.beat_s
            for child in list(self._children.values()):
                self._guard(self._renew, child)
        if not self._children:
            self._factory.rest(idle_s=self._settings.idle_s)

    def _guard(self, step: Callable[..., Any], *arguments: object) -> Any:
        """What the step gives; None when it fails, which is said and must end nothing else."""
        try:
            return step(*arguments)
        except Exception:
            # A database that is away, a full disk, a bug in one service's sweep: the leases of
            # everybody else's jobs depend on this loop going on.
            logger.exception("a supervisor step failed and is tried again")
            return None

    def _wait(self) -> None:
        waker = self._wake_read.fileno()
        bells = [waker] + ([self._doorbell] if self._doorbell is not None else [])
        sentinels = [child.process.sentinel for child in self._children.values()]
        ready = multiprocessing.connection.wait(sentinels + bells, timeout=self._settings.poll_s)
        if self._doorbell is not None and self._doorbell in ready:
            drain(self._doorbell)
            self._courier.ring()
        if any(sentinel in ready for sentinel in sentinels):
            # What ended has something to tell.
            self._courier.ring()

    def _claim(self) -> None:
        """Fill the free places; who got one asks again after all the others."""
        now = time.monotonic()
        asking = deque(r for r in self._turns if now >= self._claim_after.get(r.name, 0.0))
        while asking and (self._has_place() or self._free_gpu()):
            runtime = asking.popleft()
            claimed = self._guard(self._claim_one, runtime)
            if claimed:
                asking.append(runtime)
                self._turns.remove(runtime)
                self._turns.append(runtime)
            elif claimed is None:
                self._claim_after[runtime.name] = now + WAIT_AFTER_FAILURE_S

    def _has_place(self) -> bool:
        """Whether a job that asks for no GPU may start."""
        ordinary = sum(child.gpu is None for child in self._children.values())
        return self._settings.gpu != "only" and ordinary < self._settings.children

    def _free_gpu(self) -> Gpu | None:
        busy = {child.gpu for child in self._children.values()}
        return next((gpu for gpu in self._gpus if gpu not in busy), None)

    def _claim_one(self, runtime: Runtime) -> bool:
        gpu = self._free_gpu()
        queues = set(runtime.gpu_queues if gpu else ())
        if self._has_place():
            queues |= {kind.queue for kind in runtime.kinds.values()}
        with runtime.database.read() as view:
            if not JobRepository(view).has_claimable(kinds=runtime.kinds, queues=queues):
                return False
        self._factory.warm_up()
        with runtime.database.write() as unit:
            job = JobRepository(unit).claim(
                kinds=runtime.kinds,
                worker=self._worker,
                lease_s=runtime.settings.jobs.lease_s,
                queues=queues,
            )
            if job is None:
                return False
            job_id, fence, kind = job.id, job.fence, runtime.kinds[job.kind]
            gpu = gpu if job.queue == kind.gpu_queue else None
        crash_point("jobs.supervisor.claimed")
        child = self._factory.start(runtime, kind=kind, job_id=job_id, fence=fence, gpu=gpu)
        self._children[job_id] = child
        crash_point("jobs.supervisor.started")
        return True

    def _renew(self, child: Child) -> None:
        with child.runtime.database.write() as unit:
            job = JobRepository(unit).renew(
                child.job_id, fence=child.fence, lease_s=child.runtime.settings.jobs.lease_s
            )
        if job is None:
            # It has just ended its job, or another worker has it: nothing is left to be done.
            self._bury(child)

    def _watch(self, runtime: Runtime) -> None:
        """End children that are cancelled, too old or too large."""
        mine = [c for c in self._children.values() if c.runtime is runtime]
        if not mine:
            return
        with runtime.database.read() as view:
            cancelled = set(JobRepository(view).cancel_requested(c.job_id for c in mine))
        for child in mine:
            child.verdict = child.verdict or _judge(child, cancelled=child.job_id in cancelled)
            if child.verdict is not None:
                self._bury(child)

    def _bury(self, child: Child) -> None:
        """End what is left of a child, and see to it that its job stands somewhere sensible."""
        child.kill()
        crash_point("jobs.supervisor.killed")
        queue, verdict = JobQueue(child.runtime), child.verdict
        with child.runtime.database.write() as unit:
            job = JobRepository(unit).lock_held(child.job_id, fence=child.fence)
            if job is None:
                # The child has ended its job itself, or another worker has it.
                pass
            elif verdict is not None:
                queue.end(
                    unit,
                    job_id=job.id,
                    fence=job.fence,
                    state=verdict.state,
                    error=verdict.error.problem(flow_id=job.flow_id) if verdict.error else None,
                    failure=verdict.error.failure if verdict.error else None,
                )
            elif self._stop.is_set():
                queue.hand_back(unit, job=job)
            else:
                died = ChildDiedError(
                    f"The process of try {job.attempts} ended {child.how_it_ended()} and said "
                    "nothing. The worker's log may say more under this job's id."
                )
                logger.warning(died.detail, extra={"job_id": job.id, "flow_id": job.flow_id})
                queue.retry(unit, job=job, error=died.problem(flow_id=job.flow_id))
        self._children.pop(child.job_id, None)
        child.close()

    def _sweep_leases(self) -> None:
        while not self._stop.wait(self._settings.sweep_s):
            for runtime in self._runtimes:
                self._guard(sweep_jobs, runtime)

    def _sweep_rest(self) -> None:
        next_records = next_seen = time.monotonic()
        while not self._stop.wait(self._settings.sweep_s):
            if time.monotonic() >= next_seen:
                next_seen = time.monotonic() + SEEN_EVERY_S
                for runtime in self._runtimes:
                    self._guard(self._be_seen, runtime)
            sweeps = [sweep_scratch]
            if time.monotonic() >= next_records:
                next_records = time.monotonic() + RECORDS_EVERY_S
                sweeps.append(sweep_records)
            for runtime in self._runtimes:
                for sweep in (*sweeps, *runtime.sweeps):
                    self._guard(sweep, runtime)

    def _be_seen(self, runtime: Runtime) -> None:
        with runtime.database.write() as unit:
            WorkerRepository(unit).seen(
                self._worker,
                started_at=self._started_at,
                gpus=[gpu.name for gpu in self._gpus] if runtime.gpu_queues else (),
            )

    def _say_goodbye(self, runtime: Runtime) -> None:
        with runtime.database.write() as unit:
            WorkerRepository(unit).gone(self._worker)


def _judge(child: Child, *, cancelled: bool) -> Verdict | None:
    """Why a running child must end now; None when it may go on."""
    if cancelled:
        return Verdict(JobState.CANCELLED)
    if child.overdue:
        late = TimeLimitError(
            f"The job ran longer than {child.time_limit_s:.0f} s and was ended. "
            "Split the input, or raise FLEET_JOBS__TIME_LIMIT_S."
        )
        return Verdict(JobState.FAILED, late)
    if child.resident_bytes() > child.memory_limit_bytes:
        megabytes = child.memory_limit_bytes // 1024**2
        large = MemoryLimitError(
            f"The job held more than {megabytes} MiB of memory and was ended. "
            "Split the input, or raise FLEET_JOBS__MEMORY_LIMIT_BYTES."
        )
        return Verdict(JobState.FAILED, large)
    return None
