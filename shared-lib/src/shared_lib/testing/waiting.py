"""Waiting for a condition instead of sleeping for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

ResultT = TypeVar("ResultT")


def wait_until(
    condition: Callable[[], ResultT], *, timeout_s: float = 30.0, what: str = "the condition"
) -> ResultT:
    """The first true result of `condition`, which is asked every 20 ms.

    Raises:
        TimeoutError: it never became true.
    """
    until = time.monotonic() + timeout_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > until:
            raise TimeoutError(f"waited {timeout_s:.0f} s for {what}; last seen: {result!r}")
        time.sleep(0.02)
