"""What programs write to the standard streams of this process, line by line."""

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

TOLD_LINES = 20_000
"""Lines of one job that are told as they come; the file has all of them."""

_LAST_LINES = 12

Tell = Callable[[list[str]], None]


class Output:
    """Everything that was written, in a file; the last lines at hand.

    Args:
        path: of the file.
        tell: given new lines, some at once, from a thread of its own.
    """

    def __init__(self, path: Path, *, tell: Tell) -> None:
        self._path = path
        self._tell = tell
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._error: Exception | None = None

    @property
    def last_lines(self) -> list[str]:
        """At most twelve."""
        return list(self._last)

    @contextmanager
    def captured(self) -> Iterator[None]:
        """Take standard output and error of this process and all it starts, until the end.

        Raises:
            Exception: what `tell` has raised, once the block has ended.
        """
        reading, writing = os.pipe()
        kept = {number: os.dup(number) for number in (1, 2)}
        thread = threading.Thread(target=self._read, args=(reading,), name="output")
        thread.start()
        _flush()
        for number in kept:
            os.dup2(writing, number)
        os.close(writing)
        try:
            yield
        finally:
            _flush()
            for number, original in kept.items():
                os.dup2(original, number)
                os.close(original)
            thread.join()
        if self._error is not None:
            raise self._error

    def _read(self, reading: int) -> None:
        told, waiting = 0, b""
        with self._path.open("ab") as file:
            while chunk := os.read(reading, 65_536):
                file.write(chunk)
                *lines, waiting = (waiting + chunk).split(b"\n")
                told = self._say(lines, told)
            self._say([waiting] if waiting else [], told)
        os.close(reading)

    def _say(self, raw: list[bytes], told: int) -> int:
        lines = [_line(each) for each in raw]
        lines = [line for line in lines if line]
        self._last.extend(lines)
        new = lines[: max(0, TOLD_LINES - told)]
        if new and self._error is None:
            try:
                self._tell(new)
            except Exception as error:  # noqa: BLE001 - raised again where the block ends
                self._error = error
        return told + len(new)


def _line(raw: bytes) -> str:
    """As a terminal would show it at last: after the last carriage return."""
    return raw.decode("utf-8", "replace").rstrip("\r").rpartition("\r")[2].rstrip()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
