"""The supervisor's side of a child process: starting it warm, measuring it, ending its tree."""

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import forkserver, resource_tracker
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any

import psutil

from shared_lib.contracts.errors import FleetError
from shared_lib.contracts.jobs import JobState
from shared_lib.jobs.child import child_main, warm
from shared_lib.jobs.gpus import Gpu
from shared_lib.jobs.kinds import JobKind
from shared_lib.jobs.processes import kill_group, kill_trees, resident_bytes, tagged, tree_of
from shared_lib.jobs.runtime import Runtime
from shared_lib.settings.blocks import ServiceSettings

KILLED_WITHIN_S = 10.0


@dataclass(frozen=True)
class Verdict:
    """Why the supervisor ends a child, and what becomes of its job."""

    state: JobState
    error: FleetError | None = None


@dataclass
class Child:
    """A running job and the process it runs in."""

    runtime: Runtime
    kind: JobKind
    job_id: str
    fence: int
    process: BaseProcess
    gpu: Gpu | None = None
    started: float = field(default_factory=time.monotonic)
    verdict: Verdict | None = None
    _seen: set[psutil.Process] = field(default_factory=set)
    _gone: bool = False

    def __post_init__(self) -> None:
        """Know the process by its start time, not by its number alone."""
        with contextlib.suppress(psutil.Error):
            self._seen = {psutil.Process(self.process.pid)}

    @property
    def time_limit_s(self) -> float:
        """Seconds the job may run."""
        return self.kind.time_limit_s or self.runtime.settings.jobs.time_limit_s

    @property
    def memory_limit_bytes(self) -> int:
        """Resident bytes that the job's processes may hold together."""
        return self.kind.memory_limit_bytes or self.runtime.settings.jobs.memory_limit_bytes

    @property
    def overdue(self) -> bool:
        """Whether the time limit has passed."""
        return time.monotonic() - self.started > self.time_limit_s

    def resident_bytes(self) -> int:
        """Resident memory of the process and everything it started."""
        # Remembered: what a process has started cannot be found through it once it has ended.
        self._seen = {p for known in self._seen for p in tree_of(known)}
        return resident_bytes(self._seen)

    def kill(self) -> None:
        """End the process and everything it started, at once, and wait for it."""
        if self._gone or self.process.pid is None:
            return
        # A process that died by itself took with it the way to what it had started.
        orphans = tagged(f"{self.job_id}-{self.fence}") if self.process.exitcode else set()
        kill_trees(self._seen | orphans)
        kill_group(self.process.pid)
        self.process.join(KILLED_WITHIN_S)
        # Once: later the number may belong to somebody else's group.
        self._gone = True

    def how_it_ended(self) -> str:
        """The exit code in words."""
        code = self.process.exitcode
        if code is None or code >= 0:
            return f"with exit code {code}"
        return f"by {signal.Signals(-code).name}"

    def close(self) -> None:
        """Give back what the process held in this one."""
        if not self.process.is_alive():
            self.process.close()


class ChildFactory:
    """Starts children from one warm process that has the jobs' modules imported.

    Children are forked from that process and never from the supervisor: it has threads, and
    a library such as polars may hang in a process forked after its first use. The warm process
    has imported such libraries but never used them.
    """

    def __init__(self, runtimes: list[Runtime]) -> None:
        preload = {module for r in runtimes for k in r.kinds.values() for module in k.preload}
        preload |= {r.worker.partition(":")[0] for r in runtimes if r.kinds}
        preload |= {module for r in runtimes for module in _clients_of(r.settings)}
        self._context = multiprocessing.get_context("forkserver")
        first = ["shared_lib.jobs.warm_process", "shared_lib.jobs.child"]
        self._context.set_forkserver_preload([*first, *sorted(preload)])
        self._last_used = time.monotonic()
        self._warm = False

    def start(
        self, runtime: Runtime, *, kind: JobKind, job_id: str, fence: int, gpu: Gpu | None = None
    ) -> Child:
        """A running child for a claimed job; it has the GPU for itself."""
        process = self._context.Process(
            target=child_main,
            args=(runtime.worker, runtime.settings, job_id, fence, gpu),
            name=job_id,
        )
        with _without_main_module():
            process.start()
        self._warm = True
        self._last_used = time.monotonic()
        return Child(
            runtime=runtime, kind=kind, job_id=job_id, fence=fence, process=process, gpu=gpu
        )

    def warm_up(self) -> None:
        """Have the warm process ready, so that no claim waits for its imports."""
        if self._warm:
            return
        process = self._context.Process(target=warm)
        with _without_main_module():
            process.start()
        process.join()
        process.close()
        self._warm = True
        self._last_used = time.monotonic()

    def rest(self, *, idle_s: float) -> None:
        """End the warm process when no job came for so long; the next one starts it again."""
        if self._warm and time.monotonic() - self._last_used >= idle_s:
            self.close()

    def close(self) -> None:
        """End the warm process and its helper. Only when no child runs."""
        self._warm = False
        # The standard library offers no public way to stop either of them. The warm process would
        # wait for everybody who holds its pipe; it has nothing to lose, so it is killed.
        server: Any = forkserver
        tracker: Any = resource_tracker
        pid = server._forkserver._forkserver_pid  # noqa: SLF001
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        server._forkserver._stop()  # noqa: SLF001
        tracker._resource_tracker._stop()  # noqa: SLF001


def _clients_of(settings: ServiceSettings) -> Iterator[str]:
    """The modules that a child needs for its database and object store."""
    if settings.storage.kind == "s3":
        yield "shared_lib.storage.minio_store"
    if settings.database.url.startswith("postgresql"):
        yield "sqlalchemy.dialects.postgresql.psycopg"
        yield "psycopg"


@contextmanager
def _without_main_module() -> Iterator[None]:
    """Hide `__main__` while a child starts.

    multiprocessing imports the parent's main module into every child. Ours needs nothing of it,
    and with `python -m ...` it would import the whole supervisor again.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
