"""The fleet in containers, from docker-compose.yml, as a test runs it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

from shared_lib.testing.processes import free_port
from shared_lib.testing.waiting import wait_until

BASE_IMAGE = "datafleet-test/python:local"
FILES = ("docker-compose.yml", "tests/containers/compose.yml", "deploy/postgres/databases.sh")
_KEY = re.compile(r"fleet_[a-z0-9]+_\w+_[\w-]+_\w+")
_LIST_OBJECTS = """
from shared_lib.storage import open_store
from svc_ingest.settings import IngestSettings

for found in open_store(IngestSettings().storage).list(""):
    print(found.key)
"""


def engine_is_here() -> bool:
    """Whether a container engine answers."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


class ComposeFleet:
    """Gateway, services, workers and their servers in containers; use it as a context manager.

    The images are built of the working tree, on a base made here; the servers' published images
    are replaced by `tests/containers/compose.yml`, so no registry is needed.

    Args:
        folder: gets `.env` and `secrets/`, as the repository does by `make secrets`.
        repository: the root of the working tree.

    Attributes:
        key: the owner's key.
    """

    def __init__(self, folder: Path, *, repository: Path) -> None:
        self._folder = folder
        self._repository = repository
        self._port = free_port()
        self.key = ""

    @property
    def address(self) -> str:
        """Where the gateway listens."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> Self:
        """Build, make secrets, start, and wait until every container is healthy."""
        for path in FILES:
            target = self._folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self._repository / path, target)
        scripts = self._repository / "tests" / "containers"
        known = subprocess.run(
            ["docker", "image", "inspect", BASE_IMAGE], capture_output=True, check=False
        )
        if known.returncode != 0:
            self._run([str(scripts / "make_base.sh")])
        self._run([str(scripts / "build.sh"), BASE_IMAGE])
        secrets = str(self._repository / "scripts" / "make_secrets.py")
        self._run([sys.executable, secrets, str(self._folder)])
        self.compose("up", "--detach", "--wait", "--no-build")
        found = _KEY.search(self.compose("logs", "gateway-migrate"))
        if found is None:
            raise RuntimeError("the gateway's one-shot showed no key")
        self.key = found[0]
        wait_until(self._ready, timeout_s=60, what="the gateway's readiness")
        return self

    def _ready(self) -> bool:
        return httpx.get(f"{self.address}/readyz", timeout=10).status_code == 200

    def compose(self, *words: str) -> str:
        """Run docker compose on the project; what it said."""
        program = str(Path(sys.executable).with_name("docker-compose"))
        files = ("--file", "docker-compose.yml", "--file", "tests/containers/compose.yml")
        return self._run([program, *files, *words])

    def _run(self, command: list[str]) -> str:
        environment = {
            "FLEET_ADDRESS": f"127.0.0.1:{self._port}",
            "COMPOSE_PROJECT_NAME": "datafleet-test",
            "FLEET_EMBEDDINGS__PROVIDER": "none",
        }
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}:\n{(done.stdout + done.stderr)[-4000:]}")
        return done.stdout

    def client(self, key: str | None = None, **options: Any) -> httpx.Client:
        """An HTTP client that carries a key."""
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx.Client(base_url=self.address, headers=headers, timeout=60, **options)

    def objects(self) -> set[str]:
        """Keys of everything in the object store, as svc-ingest sees them."""
        said = self.compose("exec", "-T", "svc-ingest", "python", "-c", _LIST_OBJECTS)
        return set(said.split())

    def job_children(self) -> list[psutil.Process]:
        """None that this machine's user could hurt: they run in their containers."""
        return []

    def stop(self) -> None:
        """End and remove every container, network and volume."""
        self.compose("down", "--volumes", "--timeout", "10")

    def __enter__(self) -> Self:
        """Start."""
        try:
            return self.start()
        except BaseException:
            # A start that fails or is interrupted leaves nothing running.
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        """Stop, whatever happened."""
        self.stop()
