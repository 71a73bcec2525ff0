"""What the modules in the reader's process share with the one that runs them."""

from collections.abc import Callable
from typing import Any

Handler = Callable[..., Any]
"""Answers a request; what it answers is JSON."""


class RefusedError(Exception):
    """A file that cannot be read; `code` is that of the error which the other side raises."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
