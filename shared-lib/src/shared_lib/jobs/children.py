"""The supervisor's side of a child process: starting it warm, measuring it, ending its tree."""

import contextlib
import multiprocessing
import os
import signal
import time
from dataclasses import dataclass, field
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess

import psutil

from shared_lib.jobs.child import child_main
from shared_lib.jobs.kinds import JobKind
from shared_lib.jobs.runtime import Runtime


@dataclass
class Child:
    """A running job and the process it runs in."""

    runtime: Runtime
    kind: JobKind
    job_id: str
    fence: int
    process: BaseProcess
    started: float = field(default_factory=time.monotonic)

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
        total = 0
        for process in self._tree():
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        return total

    def kill(self) -> None:
        """End the process and everything it started, at once, and wait for it."""
        tree = self._tree()
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid or 0, signal.SIGKILL)
        for process in tree:
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.join()

    def _tree(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            root = psutil.Process(self.process.pid)
            return [root, *root.children(recursive=True)]
        return []


class ChildFactory:
    """Starts children from one warm process that has the jobs' modules imported.

    Children are forked from that process and never from the supervisor: it has threads, and
    a library such as polars may hang in a process forked after its first use. The warm process
    has imported such libraries but never used them.
    """

    def __init__(self, runtimes: list[Runtime]) -> None:
        preload = {module for r in runtimes for k in r.kinds.values() for module in k.preload}
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["shared_lib.jobs.child", *sorted(preload)])
        self._last_used = time.monotonic()
        self._warm = False

    def start(self, runtime: Runtime, *, kind: JobKind, job_id: str, fence: int) -> Child:
        """A running child for a claimed job."""
        process = self._context.Process(
            target=child_main,
            args=(runtime.worker, runtime.settings, job_id, fence),
            name=job_id,
        )
        process.start()
        self._warm = True
        self._last_used = time.monotonic()
        return Child(runtime=runtime, kind=kind, job_id=job_id, fence=fence, process=process)

    def warm_up(self) -> None:
        """Start the warm process now, so that the first job does not wait for the imports."""
        forkserver.ensure_running()
        self._warm = True
        self._last_used = time.monotonic()

    def rest(self, *, idle_s: float) -> None:
        """End the warm process when no job came for so long; the next one starts it again."""
        if self._warm and time.monotonic() - self._last_used > idle_s:
            # The standard library offers no public way to stop its fork server.
            forkserver._forkserver._stop()  # type: ignore[attr-defined]  # noqa: SLF001
            self._warm = False
