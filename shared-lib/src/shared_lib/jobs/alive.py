"""`python -m shared_lib.jobs.alive`: whether the supervisor of this data folder turns its loop.

Platforms ask with it (healthcheck of compose, liveness probe of Kubernetes). It reads the age of a
file and imports nothing heavy: a probe runs every few seconds for as long as a worker lives.
"""

import os
import sys
import time
from pathlib import Path

NAME = "alive"
STALE_S = 30.0
"""Longer than the loop ever takes: it ends one child at a time, within ten seconds."""


def heartbeat(run_folder: Path) -> None:
    """Note that the loop turns."""
    path = run_folder / NAME
    try:
        os.utime(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def main() -> None:
    """Exit with 0 when there was a heartbeat lately."""
    path = Path(os.environ.get("FLEET_DATA", "data")) / "run" / NAME
    try:
        age = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        sys.exit(f"{path} is not there: no supervisor has run here yet")
    if age > STALE_S:
        sys.exit(f"the supervisor's loop has not turned for {age:.0f} s")


if __name__ == "__main__":
    main()
