"""The API's side of the processes: kept warm, bounded, ended when they do not answer."""

import contextlib
import json
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from shared_lib.answering.errors import (
    FROM_CHILD,
    QueriesBusyError,
    QueryMemoryLimitError,
    QueryProcessError,
)
from shared_lib.answering.framing import Frame, read_frame, write_json
from shared_lib.contracts.errors import FleetError

logger = logging.getLogger(__name__)

GRACE_S = 5.0
"""How long after its time limit a query is ended from outside, when the engine does not end it."""
_OUT_OF_MEMORY = (-signal.SIGABRT, -signal.SIGKILL)
"""How a process ends whose allocation fails deep inside, and one that the system or we end."""
PATIENCE_S = 20.0
"""How long a question waits for a free process."""


@dataclass(frozen=True)
class Answerers:
    """How processes are started, and how they are bounded.

    Attributes:
        command: what starts one; it answers questions on its pipes (`shared_lib.answering.child`).
        most: processes that answer at the same time.
        setting: the name of the setting that says `most`.
        time_limit_s: a question that takes longer is ended.
        idle_s: a process that nobody asked for so long is ended.
    """

    command: Sequence[str]
    most: int
    setting: str
    time_limit_s: float
    idle_s: float


class AnsweringProcess:
    """One process that answers one question at a time."""

    def __init__(self, answerers: Answerers) -> None:
        # Nothing of this process's variables: they hold secrets. Its own folder is none of ours.
        variables = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            answerers.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Through us into the log: it may write no file, and a log may be one.
            stderr=subprocess.PIPE,
            env=variables,
            cwd="/",
        )
        self._listener = threading.Thread(target=self._pass_on_log, daemon=True)
        self._listener.start()
        self._seconds = answerers.time_limit_s

    def ask(self, question: dict[str, Any]) -> tuple[dict[str, Any], Iterator[bytes]]:
        """The answer's header and its pieces; the pieces must be read to their end.

        Raises:
            FleetError: what the process says of the question.
            QueryProcessError: it ended, or was ended, before it answered.
        """
        assert self._process.stdin is not None  # noqa: S101 - Popen was told to make both
        assert self._process.stdout is not None  # noqa: S101
        guard = threading.Timer(self._seconds + GRACE_S, self._process.kill)
        guard.start()
        try:
            with contextlib.suppress(BrokenPipeError):  # the read below says that it is gone
                write_json(
                    self._process.stdin, Frame.REQUEST, {**question, "seconds": self._seconds}
                )
            kind, content = self._expect(self._process.stdout)
        except BaseException:
            # Whatever ends the asking, the guard must not end a process that goes on.
            guard.cancel()
            raise
        if kind is Frame.ERROR:
            guard.cancel()
            raise _error_of(content)
        return json.loads(content), self._pieces(self._process.stdout, guard)

    def _pieces(self, pipe: IO[bytes], guard: threading.Timer) -> Iterator[bytes]:
        try:
            while True:
                kind, content = self._expect(pipe)
                if kind is Frame.END:
                    return
                if kind is Frame.ERROR:
                    raise _error_of(content)
                yield content
        finally:
            guard.cancel()

    def _expect(self, pipe: IO[bytes]) -> tuple[Frame, bytes]:
        frame = read_frame(pipe)
        if frame is not None:
            return frame
        code = self._process.wait()
        if code in _OUT_OF_MEMORY:
            raise QueryMemoryLimitError(
                "The query needs more memory than one may have, or more time than it takes to "
                "notice. Ask for fewer rows or columns."
            )
        raise QueryProcessError(
            f"The process that answered the query ended with exit code {code}. Its log says more; "
            "ask in another way."
        )

    def _pass_on_log(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 - Popen was told to make it
        for line in self._process.stderr:
            logger.warning("query process: %s", line.decode(errors="replace").rstrip())

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):  # a question that nobody will read any more
                    pipe.close()


class AnsweringProcesses:
    """At most so many processes; started when they are needed, kept while questions come."""

    def __init__(self, answerers: Answerers) -> None:
        self._answerers = answerers
        self._free = threading.Semaphore(answerers.most)
        self._lock = threading.Lock()
        self._warm: list[tuple[AnsweringProcess, float]] = []
        self._closed = False
        self._tidier: threading.Timer | None = None

    def ask(self, question: dict[str, Any]) -> tuple[dict[str, Any], Iterator[bytes]]:
        """The answer's header and its pieces. Closing the pieces early ends their process.

        Raises:
            FleetError: what the process says of the question.
            QueriesBusyError: all processes are at work, and stay so.
            QueryProcessError: the process ended before it answered.
        """
        if not self._free.acquire(timeout=PATIENCE_S):
            raise QueriesBusyError(
                f"All {self._answerers.most} query processes are at work. Try again in a "
                f"moment, or raise {self._answerers.setting}.",
                headers={"Retry-After": "5"},
            )
        process = self._take()
        try:
            header, pieces = process.ask(question)
        except BaseException as error:
            # What the process says of a question leaves it as it was; anything else does not.
            self._give_back(process, whole=isinstance(error, tuple(FROM_CHILD.values())))
            raise
        return header, self._passed_on(process, pieces)

    def _passed_on(self, process: AnsweringProcess, pieces: Iterator[bytes]) -> Iterator[bytes]:
        whole = False
        try:
            yield from pieces
            whole = True
        finally:
            self._give_back(process, whole=whole)

    def _take(self) -> AnsweringProcess:
        with self._lock:
            while self._warm:
                process, _ = self._warm.pop()
                if process.alive:
                    return process
                process.end()
        return AnsweringProcess(self._answerers)

    def _give_back(self, process: AnsweringProcess, *, whole: bool) -> None:
        with self._lock:
            if whole and not self._closed and process.alive:
                self._warm.append((process, time.monotonic()))
                self._tidy_later()
                process = None  # type: ignore[assignment]  # it lives on
        if process is not None:
            process.end()
        self._free.release()

    def _tidy_later(self) -> None:
        if self._tidier is None:
            self._tidier = threading.Timer(self._answerers.idle_s, self._tidy)
            self._tidier.daemon = True
            self._tidier.start()

    def _tidy(self) -> None:
        """End the processes that nobody has asked for long."""
        oldest = time.monotonic() - self._answerers.idle_s
        with self._lock:
            self._tidier = None
            idle = [process for process, since in self._warm if since <= oldest]
            self._warm = [each for each in self._warm if each[1] > oldest]
            if self._warm and not self._closed:
                self._tidy_later()
        for process in idle:
            process.end()

    def close(self) -> None:
        """End the processes that wait; those at work end with their answers."""
        with self._lock:
            self._closed = True
            warm, self._warm = self._warm, []
            if self._tidier is not None:
                self._tidier.cancel()
                self._tidier = None
        for process, _ in warm:
            process.end()


def _error_of(content: bytes) -> FleetError:
    told = json.loads(content)
    return FROM_CHILD[told["code"]](told["detail"], **told["place"])
