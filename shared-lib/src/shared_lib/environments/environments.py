"""Environments in a folder: found by the hash of their requirements, built once, whole or not."""

import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared_lib.contracts.base import format_utc, utc_now
from shared_lib.environments.errors import EnvironmentBuildError, PackagesUnreachableError
from shared_lib.faults import crash_point

READY = "ready.json"
MEASURE_EVERY_S = 2.0
_TOLD_LINES = 12
_TORCH = re.compile(r"^torch\b", re.MULTILINE)
_OWN_PACKAGES = ("UV_FIND_LINKS", "PIP_FIND_LINKS", "UV_DEFAULT_INDEX", "UV_INDEX")
_UNREACHABLE = ("error sending request", "failed to fetch", "dns error", "timed out", "offline")

Log = Callable[[str], None]
Progress = Callable[[int], None]
"""Called with the bytes that have been installed so far."""


@dataclass(frozen=True)
class Environment:
    """A built environment.

    Attributes:
        key: names its requirements, this Python and this kind of machine.
        folder: holds nothing else.
        packages: how many are installed.
        bytes: their size on disk.
        seconds: how long building took.
    """

    key: str
    folder: Path
    packages: int
    bytes: int
    seconds: float

    @property
    def python(self) -> Path:
        """The interpreter that sees these packages and no others."""
        return self.folder / "bin" / "python"


def key_of(requirements: str) -> str:
    """The same for the same requirements, whatever their comments and blank lines."""
    lines = [line.split(" #")[0].strip() for line in requirements.splitlines()]
    wanted = "\n".join(line for line in lines if line and not line.startswith("#"))
    machine = f"{sys.version_info[:2]} {sys.platform} {platform.machine()}"
    return hashlib.sha256(f"{machine}\n{wanted}".encode()).hexdigest()[:20]


class Environments:
    """The environments below a folder, shared by all processes of a machine.

    Args:
        folder: such as `data/envs`; made when missing. Downloads are kept in it as well.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, requirements: str) -> Environment | None:
        """The environment of these requirements, if it has been built."""
        key = key_of(requirements)
        ready = self._folder / key / READY
        if not ready.exists():
            return None
        facts = json.loads(ready.read_text(encoding="utf-8"))
        return Environment(
            key=key,
            folder=ready.parent,
            packages=facts["packages"],
            bytes=facts["bytes"],
            seconds=facts["seconds"],
        )

    def ensure(
        self,
        requirements: str,
        *,
        log: Log = lambda _line: None,
        progress: Progress = lambda _bytes: None,
        compiled: bool = True,
    ) -> Environment:
        """The environment of these requirements, built now when it is missing.

        Whoever asks for the same one meanwhile waits for it. A build that was killed leaves
        nothing that could be taken for an environment.

        Args:
            requirements: the text of a requirements file.
            log: told what the installer says.
            progress: told how much is there, every two seconds.
            compiled: False: modules are compiled when they are first imported; right for many of
                which few are.

        Raises:
            EnvironmentBuildError: they do not go together, or one does not exist.
            PackagesUnreachableError: the package index does not answer.
        """
        key = key_of(requirements)
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._held(key):
            found = self.find(requirements)
            if found is None:
                self._build(key, requirements, log=log, progress=progress, compiled=compiled)
                found = self.find(requirements)
        if found is None:
            raise EnvironmentBuildError(f"The environment {key} vanished while it was built.")
        return found

    @contextmanager
    def _held(self, key: str) -> Iterator[None]:
        """One process at a time; the lock goes with the process however it ends."""
        with (self._folder / f"{key}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _build(
        self, key: str, requirements: str, *, log: Log, progress: Progress, compiled: bool
    ) -> None:
        building, started = self._folder / f".building-{key}", time.monotonic()
        shutil.rmtree(building, ignore_errors=True)
        log(f"building environment {key}")
        # Relocatable: it gets its name when it is whole.
        self._uv("venv", "--relocatable", "--python", sys.executable, str(building), log=log)
        wanted = building / "requirements.txt"
        wanted.write_text(requirements, encoding="utf-8")
        with _measured(building, progress):
            self._install(building, wanted, log=log, compiled=compiled)
        crash_point("environments.build.installed")
        facts = {
            "packages": len(list(building.glob("lib/python*/site-packages/*.dist-info"))),
            "bytes": size_of(building),
            "seconds": round(time.monotonic() - started, 1),
            "built_at": format_utc(utc_now()),
        }
        (building / READY).write_text(json.dumps(facts), encoding="utf-8")
        building.rename(self._folder / key)
        log(f"{facts['packages']} packages, {facts['bytes']} bytes, {facts['seconds']} s")

    def _install(self, building: Path, wanted: Path, *, log: Log, compiled: bool) -> None:
        words = (
            "pip", "install", "--python", str(building / "bin" / "python"),
            "--requirement", str(wanted), *(["--compile-bytecode"] if compiled else []),
        )  # fmt: skip
        if _TORCH.search(wanted.read_text(encoding="utf-8")) and not _own_packages():
            try:
                # PyTorch's own index has a build for each kind of machine; the usual one has
                # that for CUDA, which is fifteen times larger.
                return self._uv(*words, "--torch-backend", "auto", log=log)
            except PackagesUnreachableError:
                log("PyTorch's own index does not answer; taking the build of the usual one")
        return self._uv(*words, log=log)

    def _uv(self, *words: str, log: Log) -> None:
        kept = os.environ.get("UV_CACHE_DIR", str(self._folder / "cache"))
        # A folder of packages that pip is told of is meant for whatever installs.
        links = os.environ.get("UV_FIND_LINKS", os.environ.get("PIP_FIND_LINKS", ""))
        said: list[str] = []
        with subprocess.Popen(  # noqa: S603 - our own installer
            [sys.executable, "-m", "uv", *words, "--no-progress"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "UV_CACHE_DIR": kept, "UV_NO_CONFIG": "1", "UV_FIND_LINKS": links},
        ) as process:
            for line in process.stdout or ():
                said.append(line.rstrip())
                log(said[-1])
        if process.returncode:
            raise _explain(said[-_TOLD_LINES:])


def _own_packages() -> bool:
    """Whether somebody has said where packages come from: then they come from nowhere else."""
    return any(os.environ.get(name) for name in _OWN_PACKAGES)


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder; what vanishes meanwhile counts nothing."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(where, name)).st_size  # noqa: PTH118 - 10 x faster
            except FileNotFoundError:
                continue
    return total


@contextmanager
def _measured(folder: Path, progress: Progress) -> Iterator[None]:
    """Tell how large the folder is, as long as the block runs."""
    done = threading.Event()

    def measure() -> None:
        while not done.wait(MEASURE_EVERY_S):
            progress(size_of(folder))

    thread = threading.Thread(target=measure, name="environment-size")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _explain(said: list[str]) -> EnvironmentBuildError | PackagesUnreachableError:
    text = " ".join(line.strip() for line in said)
    if any(sign in text.lower() for sign in _UNREACHABLE):
        return PackagesUnreachableError(
            f"The installer said: {text} Check the network, and behind a proxy HTTPS_PROXY or "
            "UV_DEFAULT_INDEX."
        )
    return EnvironmentBuildError(
        f"The installer said: {text} Change the requirements; nothing was kept."
    )
