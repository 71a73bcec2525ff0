"""The doorbell: telling a supervisor that there is something to do, without promising anything.

The row in the database is the truth; a ring that is lost costs at most one polling interval.
"""

import contextlib
import os
import stat
from pathlib import Path
from typing import Protocol


class Doorbell(Protocol):
    """Anything that can be rung. Ringing never blocks and never raises."""

    def ring(self) -> None:
        """Wake whoever listens, if anybody does."""


class SilentDoorbell:
    """Nobody is woken: the supervisor finds the work when it polls."""

    def ring(self) -> None:
        """Do nothing."""


class PipeDoorbell:
    """A named pipe between the processes of one machine.

    Args:
        path: where the pipe is; made by the listener.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def ring(self) -> None:
        """Write one byte; without a listener, or with a full pipe, nothing happens."""
        with contextlib.suppress(OSError):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
            try:
                os.write(descriptor, b"\n")
            finally:
                os.close(descriptor)

    def listen(self) -> int:
        """Make the pipe and open it; the descriptor becomes readable when somebody rings."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists() and not stat.S_ISFIFO(self._path.stat().st_mode):
            self._path.unlink()
        if not self._path.exists():
            os.mkfifo(self._path, 0o600)
        # Open for both directions: the descriptor never sees an end of file between two rings.
        return os.open(self._path, os.O_RDWR | os.O_NONBLOCK)


def drain(descriptor: int) -> None:
    """Take all rings out of the pipe, so that the next one is noticed."""
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass
