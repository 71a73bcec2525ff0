"""The whole embedded fleet as a test runs it: `fleet up` in a folder of its own, killed at will."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self

import httpx
import psutil

from shared_lib.testing.processes import die_together, outliving, parents_of, tree_of
from shared_lib.testing.waiting import wait_until

FAST = {
    "FLEET_EMBEDDINGS__PROVIDER": "none",  # 1.4 GB; tests of embeddings say otherwise
    "FLEET_JOBS__LEASE_S": "1",
    "FLEET_JOBS__SWEEP_S": "0.3",
    "FLEET_JOBS__RETRY_BACKOFF_S": "0.1",
    "FLEET_JOBS__NAMELESS_OBJECT_AGE_S": "0",
    "FLEET_OBJECT_SWEEP_S": "0.5",
    "FLEET_UPLOAD_LEASE_S": "2",
}
"""Short times, so that what repairs itself does so while a test waits."""

_KEY = re.compile(r"fleet_[a-z0-9]+_\w+_[\w-]+_\w+")
_ADDRESS = re.compile(r"http://[\d.]+:\d+")


class RunningFleet(Protocol):
    """A fleet in either shape, as tests see it from outside."""

    key: str

    @property
    def address(self) -> str:
        """Where the gateway listens."""

    def client(self, key: str | None = None, **options: Any) -> httpx.Client:
        """An HTTP client that carries a key, the owner's when none is given."""

    def objects(self) -> set[str]:
        """Keys of everything in the object store."""

    def job_children(self) -> list[psutil.Process]:
        """The processes in which jobs run right now."""


class FleetUnderTest:
    """`fleet up` on a free port; use it as a context manager.

    Args:
        fast: with the short times of tests, not with those of production.

    Attributes:
        key: the owner's key, printed by the first start.
        data: its folder.
    """

    def __init__(
        self, folder: Path, *, env: Mapping[str, str] | None = None, fast: bool = True
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.key = ""
        self.address = ""
        self._env = {**(FAST if fast else {}), **(env or {})}
        self._log = folder / "up.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None
        self._starts = 0

    def start(self) -> Self:
        """Start, and wait until it says that it is ready."""
        self._starts += 1
        log = self.folder / f"up-{self._starts}.log"
        script = Path(sys.executable).with_name("fleet")
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [str(script), "up", "--port", "0", "--data", str(self.data)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={k: v for k, v in os.environ.items() if not k.startswith("FLEET_")} | self._env,
            )
        self._watcher = die_together(self._process.pid)
        said = wait_until(lambda: self._read_ready(log), timeout_s=90, what="the fleet")
        address, key = _ADDRESS.search(said), _KEY.search(said)
        if address is None:
            raise RuntimeError(f"the fleet did not say where it is:\n{said}")
        self.address = address[0]
        self.key = key[0] if key else self.key
        return self

    def _read_ready(self, log: Path) -> str:
        said = log.read_text(encoding="utf-8", errors="replace")
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError(f"the fleet ended:\n{said}")
        return said if "fleet table list" in said else ""

    def client(self, key: str | None = None, **options: Any) -> httpx.Client:
        """An HTTP client that carries a key."""
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx.Client(base_url=self.address, headers=headers, timeout=60, **options)

    def processes(self, module: str) -> list[psutil.Process]:
        """The fleet's processes that run a module; `children` are the forked jobs."""
        found = []
        for process in tree_of(self._process.pid) if self._process else []:
            try:
                if module in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.NoSuchProcess:
                continue
        return found

    @property
    def api(self) -> psutil.Process:
        """The API process."""
        return self.processes("fleet_embedded.api")[0]

    @property
    def supervisor(self) -> psutil.Process:
        """The supervisor process."""
        return self.processes("fleet_embedded.supervisor")[0]

    def job_children(self) -> list[psutil.Process]:
        """The processes in which jobs run right now."""
        servers = self.processes("multiprocessing.forkserver")
        pids = {server.pid for server in servers}
        return [process for process in servers if pids.intersection(parents_of(process))]

    def tree(self) -> list[psutil.Process]:
        """Every process of the fleet."""
        return tree_of(self._process.pid) if self._process else []

    def objects(self) -> set[str]:
        """Keys of everything in the object store, complete or not."""
        root = self.data / "objects"
        return {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()}

    def log_lines(self, name: str) -> list[dict[str, Any]]:
        """What the `api` or the `supervisor` process logged."""
        path = self.data / "logs" / f"{name}.log"
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def stop(self) -> int:
        """Ctrl-C; the exit code of `fleet up`."""
        if self._process is None or self._watcher is None:
            return 0
        everything = self.tree()
        self._process.send_signal(signal.SIGINT)
        code = self._process.wait(timeout=40)
        self._watcher.communicate()
        self._process = None
        left = outliving(everything, within_s=30)
        if left:
            raise RuntimeError(f"these outlived the fleet: {left}")
        return code

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop, whatever happened."""
        if self._process is None:
            return
        try:
            self.stop()
        finally:
            if self._process is not None:
                self._process.kill()
                self._process.wait()
