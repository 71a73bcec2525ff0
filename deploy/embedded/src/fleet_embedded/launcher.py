"""`fleet up`: holds the listening socket, starts the two processes, restarts one that dies.

This process does no work and imports nothing heavy. It holds the socket, so that while the API
process is restarted a client waits instead of being refused.
"""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from select import select

from fleet_embedded.lifeline import LIFELINE_VARIABLE, READY_VARIABLE

SOCKET_VARIABLE = "FLEET_EMBEDDED_SOCKET"
STOP_WITHIN_S = 15.0
LONGEST_WAIT_S = 5.0
BACKLOG = 1024
LEFTOVERS_END_WITHIN_S = 3.0


class StartFailedError(Exception):
    """A process of the fleet cannot be started; the message has the end of its log."""


class PortInUseError(StartFailedError):
    """Something else listens on the address."""


class AlreadyRunningError(StartFailedError):
    """Another fleet runs on the same data folder."""


@dataclass
class Worker:
    """One of the fleet's processes, restarted when it dies."""

    name: str
    module: str
    log: Path
    process: subprocess.Popen[bytes] | None = None
    ready: int | None = None
    failures: int = 0
    start_at: float = field(default_factory=time.monotonic)

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self.process.pid if self.process and self.process.poll() is None else None


class Launcher:
    """Runs the embedded fleet.

    Args:
        host: address to listen on.
        port: 0 means any free one.
        data: folder of everything that is kept.
    """

    def __init__(self, *, host: str, port: int, data: Path) -> None:
        self._data = data
        self._lock = _lock(data.absolute() / "run")
        self._socket = _listen(host, port)
        self.address = f"http://{host}:{self._socket.getsockname()[1]}"
        self._lifeline = os.pipe()
        logs = data.absolute() / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self._api = Worker("api", "fleet_embedded.api", logs / "api.log")
        self._supervisor = Worker(
            "supervisor", "fleet_embedded.supervisor", logs / "supervisor.log"
        )
        self._stopping = False

    def run(self, *, on_ready: Callable[[str], None]) -> None:
        """Start everything, call `on_ready` with what the API process said, and keep it running.

        Raises:
            StartFailedError: a process did not come up; nothing is left running.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            # Both import while the other does; the supervisor waits for the API by itself.
            for worker in (self._api, self._supervisor):
                self._spawn(worker)
            said = [self._await_ready(worker) for worker in (self._api, self._supervisor)]
            if not self._stopping:
                on_ready(said[0])
            while not self._stopping:
                self._keep_running()
                time.sleep(0.1)
        finally:
            self._stop()

    def _on_signal(self, *_: object) -> None:
        self._stopping = True

    def _spawn(self, worker: Worker) -> None:
        """Start a process; `worker.ready` is the descriptor on which it will say that it is."""
        worker.ready, ready_write = os.pipe()
        lifeline = self._lifeline[0]
        # The lock goes with them: as long as one of them lives, nobody else starts on this folder.
        passed = (lifeline, ready_write, self._socket.fileno(), self._lock)
        environment = os.environ | {
            LIFELINE_VARIABLE: str(lifeline),
            READY_VARIABLE: str(ready_write),
            SOCKET_VARIABLE: str(self._socket.fileno()),
            "FLEET_DATA": str(self._data.absolute()),
            # Links in reports lead here unless somebody says where people come in.
            "FLEET_PUBLIC_URL": os.environ.get("FLEET_PUBLIC_URL") or self.address,
        }
        with worker.log.open("ab") as log:
            worker.process = subprocess.Popen(  # noqa: S603 - our own module, our own interpreter
                [sys.executable, "-m", worker.module],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                pass_fds=passed,
                # Ctrl-C goes to us alone; we end the others in order.
                start_new_session=True,
            )
        os.close(ready_write)

    def _await_ready(self, worker: Worker) -> str:
        """What the process said when it was ready; empty when we are told to stop meanwhile.

        Raises:
            StartFailedError: it ended first.
        """
        while not self._stopping:
            said = _hear(worker, wait_s=0.1)
            if said:
                return said
            if worker.ready is None:
                raise StartFailedError(
                    f"The {worker.name} process ended before it was ready. "
                    f"The end of {worker.log}:\n{_tail(worker.log)}"
                )
        return ""

    def _keep_running(self) -> None:
        """Restart what died, a little later each time that it fails to come up.

        Never waits for one of them: the supervisor needs the API process to become ready.
        """
        for worker in (self._api, self._supervisor):
            if worker.pid is not None:
                _hear(worker, wait_s=0)
                continue
            if worker.process is not None:
                worker.process = None
                worker.start_at = time.monotonic() + min(0.1 * 2**worker.failures, LONGEST_WAIT_S)
                worker.failures += 1
            if time.monotonic() >= worker.start_at:
                _close_ready(worker)
                self._spawn(worker)

    def _stop(self) -> None:
        until = time.monotonic() + STOP_WITHIN_S
        # The supervisor first: it ends the job children and delivers to the API while it stops.
        for worker in (self._supervisor, self._api):
            if worker.process is None or worker.process.poll() is not None:
                continue
            worker.process.terminate()
            try:
                worker.process.wait(timeout=max(until - time.monotonic(), 1.0))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
        os.close(self._lifeline[1])
        os.close(self._lock)
        self._socket.close()


def _hear(worker: Worker, *, wait_s: float) -> str:
    """What a process says when it is ready, once; `worker.ready` is None after that or its end."""
    if worker.ready is None or not select([worker.ready], [], [], wait_s)[0]:
        return ""
    said = os.read(worker.ready, 65536).decode().strip()
    if said:
        worker.failures = 0
    _close_ready(worker)
    return said


def _close_ready(worker: Worker) -> None:
    if worker.ready is not None:
        os.close(worker.ready)
        worker.ready = None


def _lock(folder: Path) -> int:
    """Make the folder ours; the descriptor that holds it.

    What is left of a fleet that was killed ends within moments, so it is waited for.

    Raises:
        AlreadyRunningError: another fleet has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "fleet.lock", os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + LEFTOVERS_END_WITHIN_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < until:
                time.sleep(0.05)
                continue
            pid = os.read(descriptor, 20).decode()
            os.close(descriptor)
            raise AlreadyRunningError(
                f"Another fleet (process {pid}) runs on {folder.parent}. "
                "Stop it, or choose another folder: fleet up --data other"
            ) from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        return descriptor


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortInUseError(
            f"{host}:{port} cannot be listened on: {error.strerror}. "
            "Stop what listens there, or choose another port: fleet up --port 8081"
        ) from error
    listener.listen(BACKLOG)
    return listener


def _tail(path: Path, lines: int = 15) -> str:
    with path.open(errors="replace") as log:
        return "".join(deque(log, maxlen=lines))
