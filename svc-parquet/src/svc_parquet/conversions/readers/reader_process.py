"""This side of the process that parses what may be hostile: it is bounded and may die."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from types import TracebackType
from typing import Any, Self

from svc_parquet.conversions.errors import (
    ConversionError,
    DamagedFileError,
    EncodingUndecidedError,
    NoTablesError,
    ProtectedFileError,
    SourceTooLargeError,
)

MEMORY_BYTES = 3 * 1024**3
SECONDS = 900.0
"""What one process may take, and how long one request may last."""
_VARIABLES = ("PATH", "LANG", "TMPDIR")
_CHILD = "svc_parquet.conversions.readers.child"
_ERRORS: dict[str, type[ConversionError]] = {
    "protected_file": ProtectedFileError,
    "too_large": SourceTooLargeError,
    "no_tables": NoTablesError,
    "encoding_undecided": EncodingUndecidedError,
}


class ReaderProcess:
    """Answers requests about files in a process of its own, which starts with the first of them.

    One that dies or takes too long costs its file alone: the next request starts another.
    """

    def __init__(self, *, memory_bytes: int = MEMORY_BYTES, seconds: float = SECONDS) -> None:
        self._memory_bytes = memory_bytes
        self._seconds = seconds
        self._process: subprocess.Popen[str] | None = None

    def ask(self, do: str, *, name: str, **request: Any) -> Any:
        """The answer to a request.

        Args:
            do: `kind.handler`, as the child knows it.
            name: what the file is called in errors.

        Raises:
            DamagedFileError, ProtectedFileError: the parser says so.
            SourceTooLargeError: it would have needed more memory or time.
        """
        process = self._started()
        timer = threading.Timer(self._seconds, process.kill)
        timer.start()
        line = ""
        try:
            with contextlib.suppress(BrokenPipeError):
                print(json.dumps({"do": do, **request}), file=process.stdin, flush=True)
                line = process.stdout.readline() if process.stdout else ""
        finally:
            overdue = not timer.is_alive()
            timer.cancel()
        if not line:
            self.close()
            limit = f"{self._seconds:,.0f} s" if overdue else f"{self._memory_bytes:,} bytes"
            raise SourceTooLargeError(
                f"{name} could not be read within {limit} and its reader was ended. Split the "
                "file, or export it as CSV."
            )
        answer = json.loads(line)
        if "error" in answer:
            kind = _ERRORS.get(answer["error"], DamagedFileError)
            raise kind(f"{name} cannot be read: {answer['detail']}.")
        return answer["ok"]

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            limits = [str(self._memory_bytes), str(int(self._seconds) + 1)]
            # Nothing of this process's variables: they may hold secrets.
            variables = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", _CHILD, *limits],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=variables,
                text=True,
            )
        return self._process

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with process:
                pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
