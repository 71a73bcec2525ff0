"""The whole fleet spread out as a test runs it: a process a service and worker, on real servers.

PostgreSQL with a login a service, Redis, S3; identity keys laid out as `make secrets` does; every
process can be killed, stopped and started again by its name.
"""

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

from shared_lib.contracts.services import SERVICES, ServiceName, ServiceSpec
from shared_lib.db.engine import Database
from shared_lib.db.migrations import migrate
from shared_lib.identity.layout import lay_out_keys
from shared_lib.storage import open_store
from shared_lib.testing.fleet import FAST
from shared_lib.testing.processes import ServerProcess, free_port, parents_of, tree_of
from shared_lib.testing.servers.fleet_servers import FleetServers
from shared_lib.testing.waiting import wait_until

_KEY = re.compile(r"fleet_[a-z0-9]+_\w+_[\w-]+_\w+")
WITHIN_S = 90.0

GENTLE = {
    "FLEET_EMBEDDINGS__PROVIDER": "none",  # 1.4 GB; tests of embeddings say otherwise
    "FLEET_JOBS__LEASE_S": "3",
    "FLEET_JOBS__SWEEP_S": "1",
    "FLEET_OBJECT_SWEEP_S": "3",
}
"""A dozen processes share the machine of a test, and one small S3 server."""


class ScaledOutFleet:
    """Gateway, services and workers, each a process; use it as a context manager.

    Args:
        repository: the root of the working tree.
        replicas: processes of each service.
        workers: processes of each service's worker.
        env: further settings of every process.
        fast: with the short times of tests, not with those of production.

    Attributes:
        key: the owner's key.
        members: every process by name: `gateway`, `svc-ingest-1`, `svc-ingest-worker-1`, …
    """

    def __init__(
        self,
        folder: Path,
        *,
        repository: Path,
        replicas: int = 1,
        workers: int = 1,
        env: Mapping[str, str] | None = None,
        fast: bool = True,
    ) -> None:
        self.folder = folder
        self.key = ""
        self.servers = FleetServers(folder, repository=repository)
        self.members: dict[str, ServerProcess] = {}
        self._env = {**(FAST | GENTLE if fast else {}), **(env or {})}
        self._replicas = replicas
        self._workers = workers
        self._ports = {name: [free_port() for _ in range(replicas)] for name in SERVICES}
        self._gateway_port = free_port()

    @property
    def address(self) -> str:
        """Where the gateway listens."""
        return f"http://127.0.0.1:{self._gateway_port}"

    def start(self) -> Self:
        """Start servers, migrate as deployments do, start every member; returns when all answer."""
        self.servers.start()
        lay_out_keys(self.folder / "secrets")
        with ThreadPoolExecutor(1) as pool:
            key = pool.submit(self._bootstrap_gateway)
            for spec in SERVICES.values():
                self._migrate(spec.package)
            self.key = key.result()
        for spec in SERVICES.values():
            self._add_service(spec)
        self._add("gateway", [sys.executable, "-m", "gateway"], port=self._gateway_port)
        for member in self.members.values():
            member.start(wait=False)
        self.await_ready()
        return self

    def await_ready(self) -> None:
        """Return when every member listens and the gateway finds all of them ready."""

        def ready() -> bool:
            if not all(member.listens() for member in self.members.values()):
                return False
            try:
                return httpx.get(f"{self.address}/readyz", timeout=5).status_code == 200
            except httpx.TransportError:
                return False

        wait_until(ready, timeout_s=WITHIN_S, what="the whole fleet")

    def _migrate(self, package: str) -> None:
        database = Database(self.servers.database_url(package), pool_size=1)
        try:
            migrate(package, database)
        finally:
            database.dispose()

    def _bootstrap_gateway(self) -> str:
        """Run the gateway's one-shot; the owner's key."""
        done = subprocess.run(
            [sys.executable, "-m", "gateway.bootstrap"],
            env=os.environ | self._environment("gateway", folder="bootstrap"),
            capture_output=True,
            text=True,
            check=False,
        )
        found = _KEY.search(done.stdout)
        if done.returncode != 0 or found is None:
            raise RuntimeError(f"the gateway showed no key:\n{done.stdout}{done.stderr}")
        return found[0]

    def _add_service(self, spec: ServiceSpec) -> None:
        for number, port in enumerate(self._ports[spec.name], start=1):
            app = f"{spec.package}.main:app_factory"
            command = [sys.executable, "-m", "uvicorn", "--factory", app, "--port", str(port),
                       "--no-access-log", "--timeout-graceful-shutdown", "10"]  # fmt: skip
            self._add(f"{spec.name}-{number}", command, port=port, package=spec.package)
        for number in range(1, self._workers + 1):
            command = [sys.executable, "-m", f"{spec.package}.worker"]
            self._add(f"{spec.name}-worker-{number}", command, port=None, package=spec.package)

    def _add(
        self, name: str, command: list[str], *, port: int | None, package: str = "gateway"
    ) -> None:
        self.members[name] = ServerProcess(
            command,
            port=port,
            log=self.folder / f"{name}.log",
            env=self._environment(package, folder=name),
        )

    def _environment(self, package: str, *, folder: str) -> dict[str, str]:
        """What one process knows: its own database, its own key, everybody's address."""
        service = package.replace("_", "-")
        storage = self.servers.storage
        own = {
            "FLEET_MODE": "fleet",
            "FLEET_DATA": str(self.folder / "data" / folder),
            "FLEET_SECRETS": str(self.folder / "secrets" / service),
            "FLEET_DATABASE__URL": self.servers.database_url(package),
            "FLEET_STORAGE__KIND": "s3",
            "FLEET_STORAGE__ENDPOINT": storage.endpoint,
            "FLEET_STORAGE__ACCESS_KEY": storage.access_key.get_secret_value(),
            "FLEET_STORAGE__SECRET_KEY": storage.secret_key.get_secret_value(),
            "FLEET_STORAGE__BUCKET": storage.bucket,
            "FLEET_STORAGE__SECURE": "false",
            "FLEET_REDIS_URL": self.servers.redis_url,
            "FLEET_SERVICE_URLS": json.dumps(self._service_urls()),
            "FLEET_DRAIN_S": "1.5",
            **self._env,
        }
        if package == "gateway":
            own["FLEET_HTTP__PORT"] = str(self._gateway_port)
            own["FLEET_KEY_PEPPER"] = self._secret("pepper")
            own["FLEET_DOOR_SECRET"] = self.door_secret
            own["FLEET_TRUSTED_PROXIES"] = '["127.0.0.1/32"]'
        return own

    def _service_urls(self) -> dict[ServiceName, str]:
        return {
            name: ",".join(f"http://127.0.0.1:{port}" for port in ports)
            for name, ports in self._ports.items()
        }

    @property
    def addresses(self) -> dict[ServiceName, str]:
        """Host and port of each member; of each replica, separated by spaces."""
        services = {n: " ".join(f"127.0.0.1:{p}" for p in ps) for n, ps in self._ports.items()}
        return {ServiceName.GATEWAY: f"127.0.0.1:{self._gateway_port}", **services}

    @property
    def door_secret(self) -> str:
        """What an nginx in front shows to the gateway."""
        return self._secret("door")

    def _secret(self, name: str) -> str:
        path = self.folder / name
        if not path.exists():
            path.write_text(secrets.token_hex(32))
        return path.read_text()

    def client(self, key: str | None = None, **options: Any) -> httpx.Client:
        """An HTTP client that carries a key."""
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx.Client(base_url=self.address, headers=headers, timeout=60, **options)

    def objects(self) -> set[str]:
        """Keys of everything in the object store."""
        store = open_store(self.servers.storage)
        prefixes = ("raw/", "tables/", "knowledge/", "reports/", "models/")
        return {found.key for prefix in prefixes for found in store.list(prefix)}

    def job_children(self) -> list[psutil.Process]:
        """The processes in which jobs run right now."""
        workers = [member.pid for name, member in self.members.items() if "-worker-" in name]
        # A worker starts a fork server, and that one the children.
        return [
            process
            for worker in workers
            for process in tree_of(worker)
            if worker in parents_of(process)[1:]
        ]

    def stop(self) -> None:
        """End everything, the members before their servers."""
        for member in self.members.values():
            member.kill()
        self.servers.stop()

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
