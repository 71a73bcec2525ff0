"""Processes of tests: started with a watcher, found as trees, ended without a trace."""

import contextlib
import os
import re
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import psutil

from shared_lib.testing.waiting import wait_until


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def peak_memory() -> int:
    """The most memory that this process has held, in bytes.

    Linux passes `ru_maxrss` on to what a large process starts; its own counter of a process' memory
    begins anew with each program.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (kilobytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)
        return int(kilobytes) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )


def tree_of(pid: int) -> list[psutil.Process]:
    """A process and everything it started, itself first; empty when it is gone."""
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    return []


def parents_of(process: psutil.Process) -> list[int]:
    """The process ids of those above a process, the nearest first; none when it is gone."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return [parent.pid for parent in process.parents()]
    return []


def kill_tree(pid: int) -> None:
    """`kill -9` a process and everything it started, and wait until all are gone."""
    processes = tree_of(pid)
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=10)


def outliving(processes: Sequence[psutil.Process], *, within_s: float) -> list[psutil.Process]:
    """Those that still run after that time; one that nobody has waited for yet has ended."""
    _, left = psutil.wait_procs(processes, timeout=within_s)
    found = []
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def die_together(pid: int) -> subprocess.Popen[bytes]:
    """A watcher that ends process `pid` when this one is gone, even by `kill -9`.

    It reads a pipe whose other end only we hold. Close its `stdin` to end it with the process.
    """
    return subprocess.Popen(
        ["/bin/sh", "-c", f"read _; kill -9 {pid} 2>/dev/null"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


class ServerProcess:
    """A program that listens on a port, and can be stopped, killed and started again.

    It ends with this process at the latest, even when that is killed.

    Args:
        command: the program and its arguments.
        port: where it listens when it is ready.
        log: gets all it says, of every start.
        env: what it gets beside our own environment, from which `FLEET_*` is left out.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        port: int | None,
        log: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.command = tuple(command)
        self.port = port
        self.log = log
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("FLEET_")}
        self.env |= env or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id while it runs.

        Raises:
            RuntimeError: it does not.
        """
        if self._process is None:
            raise RuntimeError(f"{self.command[0]} does not run")
        return self._process.pid

    def start(self, *, wait: bool = True) -> Self:
        """Start it, and wait until it listens.

        Raises:
            RuntimeError: it ended before it listened; the message has its log.
        """
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=self.env
            )
        self._watcher = die_together(self._process.pid)
        if wait:
            wait_until(self.listens, what=f"{self.command[0]} on port {self.port}")
        return self

    def listens(self) -> bool:
        """Whether it takes connections; one without a port is believed.

        Raises:
            RuntimeError: it has ended.
        """
        if self._process is None or self._process.poll() is not None:
            said = self.log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(self.command)} ended:\n{said}")
        if self.port is None:
            return True
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """`kill -9`; nothing happens when it does not run."""
        self._end(signal.SIGKILL, within_s=10)

    def stop(self, *, within_s: float = 40) -> int:
        """SIGTERM; its exit code."""
        return self._end(signal.SIGTERM, within_s=within_s)

    def _end(self, number: signal.Signals, *, within_s: float) -> int:
        process, watcher, self._process, self._watcher = self._process, self._watcher, None, None
        if process is None or watcher is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(timeout=within_s)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            watcher.communicate()


@contextmanager
def running(
    command: Sequence[str], *, port: int, log: Path, env: dict[str, str] | None = None
) -> Iterator[int]:
    """A server that listens on `port`; its pid. It ends with the block or with this process.

    Raises:
        RuntimeError: it ended before it listened; the message has its log.
    """
    server = ServerProcess(command, port=port, log=log, env=env)
    try:
        yield server.start().pid
    finally:
        server.kill()
