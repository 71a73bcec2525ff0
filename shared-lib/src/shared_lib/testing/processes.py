"""Processes of tests: started with a watcher, found as trees, ended without a trace."""

import contextlib
import os
import re
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

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


def kill_tree(pid: int) -> None:
    """`kill -9` a process and everything it started, and wait until all are gone."""
    processes = tree_of(pid)
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=10)


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


@contextmanager
def running(
    command: Sequence[str], *, port: int, log: Path, env: dict[str, str] | None = None
) -> Iterator[int]:
    """A server that listens on `port`; its pid. It ends with the block or with this process.

    Raises:
        RuntimeError: it ended before it listened; the message has its log.
    """
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, stdout=output, stderr=output, env=os.environ | (env or {})
        )
    watcher = die_together(server.pid)

    def listens() -> bool:
        if server.poll() is not None:
            raise RuntimeError(f"{command[0]} ended:\n{log.read_text(errors='replace')[-2000:]}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_until(listens, what=f"{command[0]} on port {port}")
        yield server.pid
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()
        watcher.communicate()
