"""What the modules in the reader's process share with the one that runs them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Handler = Callable[..., Any]
"""Answers a request; what it answers is JSON."""


class RefusedError(Exception):
    """A file that cannot be read; `code` is that of the error which the other side raises."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def identity_of(path: str) -> tuple[object, ...]:
    """Tells a file from an earlier one that lay under the same name."""
    found = Path(path).stat()
    return path, found.st_ino, found.st_mtime_ns, found.st_size
