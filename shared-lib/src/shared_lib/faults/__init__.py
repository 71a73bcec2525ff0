"""Crash points: named places between two durable steps where a test may stop the process.

`FLEET_CRASH_AT=<name>` ends the process there with `os._exit`, as a power cut would: no `finally`
runs, nothing is flushed. `FLEET_CRASH_MARK=<path>` makes it happen once: the process that
creates that file dies, later ones pass. Without the variable a point costs one comparison.

Sweeping every named point is stronger than random kills: random kills rarely hit the gaps that
matter. A test collects the names from the source, so no point can be left out.
"""

import os

CRASH_EXIT_CODE = 137

_crash_at = os.environ.get("FLEET_CRASH_AT")
_crash_mark = os.environ.get("FLEET_CRASH_MARK")


def crash_point(name: str) -> None:
    """End the process here, without any clean-up, when the environment names this point."""
    if _crash_at is None or name != _crash_at:
        return
    if _crash_mark is not None:
        try:
            os.close(os.open(_crash_mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return
    os._exit(CRASH_EXIT_CODE)
