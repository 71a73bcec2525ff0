"""Process trees: seeing and ending everything that a job has started."""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterable

import psutil

TAG = "FLEET_JOB_TRY"
"""An environment variable that names a try, inherited by every program that it starts."""

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """On Linux: let orphaned descendants become children of this process.

    A process that leaves its session and whose parent ends would otherwise slip out of the tree.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def tree_of(root: psutil.Process) -> set[psutil.Process]:
    """The process and all of its descendants; empty when it has ended."""
    with contextlib.suppress(psutil.Error):
        return {root, *root.children(recursive=True)}
    return set()


def tagged(name: str) -> set[psutil.Process]:
    """Programs that the try of that name has started, wherever in the tree they are by now."""
    found = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(TAG) == name:
                found.add(process)
    return found


def resident_bytes(processes: Iterable[psutil.Process]) -> int:
    """Resident memory of these processes together."""
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def kill_trees(roots: Iterable[psutil.Process]) -> None:
    """End these processes and everything they started.

    All are stopped before any is killed, so that none can start another one in between. A number
    that belongs to another process by now is left alone: psutil compares start times.
    """
    found: set[psutil.Process] = set()
    new = set(roots)
    while new:
        for process in new:
            with contextlib.suppress(psutil.Error):
                process.suspend()
        found |= new
        new = set().union(*map(tree_of, found)) - found
    for process in found:
        with contextlib.suppress(psutil.Error):
            process.kill()


def kill_group(group: int) -> None:
    """End every process of a group."""
    with contextlib.suppress(OSError):
        os.killpg(group, signal.SIGKILL)


def kill_descendants() -> None:
    """End everything that this process has started and that is still there."""
    kill_trees(psutil.Process().children())
