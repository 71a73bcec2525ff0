"""The installed `fleet` command, as a person types it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from shared_lib.testing.fleet import RunningFleet

Run = Callable[..., subprocess.CompletedProcess[str]]


def command_of(fleet: RunningFleet, folder: Path) -> Run:
    """`run("push", "a.csv", code=1)`: runs it in that folder, signed in, and sees its exit code."""
    env = os.environ | {"FLEET_SERVER": fleet.address, "FLEET_KEY": fleet.key}
    script = str(Path(sys.executable).with_name("fleet"))

    def run_fleet(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            [script, *words],
            capture_output=True,
            text=True,
            env=env,
            cwd=folder,
            timeout=300,
            check=False,
        )
        assert ended.returncode == code, f"{words}\n{ended.stdout}{ended.stderr}"
        return ended

    return run_fleet
