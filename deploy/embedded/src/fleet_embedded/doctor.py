"""`fleet doctor`: what this machine lacks for a fleet, and what to do about it."""

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

import click
import psutil

from shared_lib.console import Column, Command, ExitCode, Output, pass_output
from shared_lib.contracts.base import Contract

GIBIBYTE = 1024**3
DISK_NEEDED, DISK_ADVISED = 1 * GIBIBYTE, 10 * GIBIBYTE
MEMORY_ADVISED = 2 * GIBIBYTE
FILES_ADVISED = 1024


class Finding(StrEnum):
    """How a check came out."""

    OK = "ok"
    WEAKER = "weaker"
    FAILED = "failed"


class Check(Contract):
    """One thing that was looked at.

    Attributes:
        found: in words, with what to do where something is to be done.
    """

    name: str
    finding: Finding
    found: str


def _check(name: str, finding: Finding, found: str) -> Check:
    return Check(name=name, finding=finding, found=found)


_COLUMNS: tuple[Column[Check], ...] = (
    Column("check", lambda row: row.name, whole=True),
    Column(
        "finding",
        lambda row: row.finding.value,
        style=lambda row: {"ok": "green", "weaker": "yellow", "failed": "red"}[row.finding],
    ),
    Column("found", lambda row: row.found),
)


def check_python() -> Check:
    """The versions that are tested."""
    version = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info < (3, 14):
        return _check("python", Finding.OK, version)
    return _check("python", Finding.FAILED, f"{version}; install Python 3.11, 3.12 or 3.13")


def check_system() -> Check:
    """What a job can be kept from, on this system."""
    if sys.platform == "linux":
        return _check("system", Finding.OK, "Linux: jobs are ended with everything they started")
    return _check(
        "system",
        Finding.WEAKER,
        f"{sys.platform}: what a killed job started may outlive it; run untrusted files on Linux",
    )


def check_git() -> Check:
    """Pipelines are read with git."""
    found = shutil.which("git")
    if found:
        return _check("git", Finding.OK, found)
    return _check("git", Finding.WEAKER, "not installed: nothing can be trained; install git")


def check_isolation() -> Check:
    """Whether the stages of a training are kept from what is not theirs."""
    # Its module is a service's: only who asks pays for importing it.
    from svc_training.workspaces.sandbox import can_isolate  # noqa: PLC0415

    if can_isolate():
        return _check("isolation", Finding.OK, "stages run without network, secrets, other files")
    return _check(
        "isolation",
        Finding.WEAKER,
        "stages run as your own user: on Linux allow user namespaces, and install util-linux",
    )


def check_gpu() -> Check:
    """Whether trainings that ask for a GPU run here."""
    from shared_lib.jobs.gpus import find_gpus  # noqa: PLC0415 - as above

    found = find_gpus()
    if found:
        return _check("gpu", Finding.OK, "; ".join(gpu.device for gpu in found))
    return _check(
        "gpu", Finding.WEAKER, "none (nvidia-smi lists none): a training that asks for one waits"
    )


def check_folder(data: Path) -> Check:
    """The data folder can be written."""
    known = data.absolute()
    while not known.exists():
        known = known.parent
    if known.is_dir() and os.access(known, os.W_OK | os.X_OK):
        return _check("data folder", Finding.OK, str(data))
    return _check(
        "data folder", Finding.FAILED, f"{known} cannot be written; choose another: --data FOLDER"
    )


def check_disk(data: Path) -> Check:
    """There is room for data."""
    known = data.absolute()
    while not known.exists():
        known = known.parent
    free = shutil.disk_usage(known).free
    said = f"{free / GIBIBYTE:.1f} GiB free"
    if free < DISK_NEEDED:
        return _check("disk", Finding.FAILED, f"{said}; free some space, or choose another disk")
    finding = Finding.OK if free >= DISK_ADVISED else Finding.WEAKER
    return _check("disk", finding, said)


def check_memory() -> Check:
    """There is memory for a job."""
    available = psutil.virtual_memory().available
    said = f"{available / GIBIBYTE:.1f} GiB available"
    if available >= MEMORY_ADVISED:
        return _check("memory", Finding.OK, said)
    return _check(
        "memory", Finding.WEAKER, f"{said}; run one job at a time: FLEET_JOBS__CHILDREN=1"
    )


def check_open_files() -> Check:
    """Hundreds of waiting clients need as many descriptors."""
    import resource  # noqa: PLC0415 - not there on Windows, where the rest still helps

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit >= FILES_ADVISED:
        return _check("open files", Finding.OK, str(limit))
    return _check("open files", Finding.WEAKER, f"{limit}; raise it with `ulimit -n 4096`")


def check_port(host: str, port: int) -> Check:
    """The address is free, or a fleet answers there."""
    with socket.socket() as probe:
        probe.settimeout(2)
        taken = probe.connect_ex((host, port)) == 0
    address = f"http://{host}:{port}"
    if not taken:
        return _check("address", Finding.OK, f"{address} is free")
    return _ask_fleet(address)


def _ask_fleet(address: str) -> Check:
    import httpx  # noqa: PLC0415 - only when somebody answers

    try:
        answer = httpx.get(f"{address}/readyz", timeout=5)
        failing = answer.json()["failing"]
    except (httpx.HTTPError, ValueError, KeyError):
        return _check(
            "address",
            Finding.FAILED,
            f"{address} is taken by something else; choose another: --port",
        )
    if failing:
        reasons = "; ".join(f"{part}: {reason}" for part, reason in failing.items())
        return _check("address", Finding.FAILED, f"a fleet answers at {address}: {reasons}")
    return _check("address", Finding.OK, f"a fleet answers at {address}, every service is ready")


def examine(*, data: Path, host: str, port: int) -> Iterator[Check]:
    """Every check, each even when another one fails."""
    checks: tuple[Callable[[], Check], ...] = (
        check_python,
        check_system,
        lambda: check_folder(data),
        lambda: check_disk(data),
        check_memory,
        check_open_files,
        check_git,
        check_isolation,
        check_gpu,
        lambda: check_port(host, port),
    )
    for check in checks:
        yield check()


@click.command(cls=Command, fields=Check.model_fields)
@click.option("--host", envvar="FLEET_HOST", default="127.0.0.1", show_default=True,
              help="Address that `fleet up` would listen on.")  # fmt: skip
@click.option("--port", envvar="FLEET_PORT", type=click.IntRange(1, 65535), default=8080,
              show_default=True, help="Its port.")  # fmt: skip
@click.option("--data", envvar="FLEET_DATA", type=click.Path(path_type=Path), default="data",
              show_default=True, help="Folder of everything that is kept.")  # fmt: skip
@pass_output
def doctor(output: Output, *, host: str, port: int, data: Path) -> None:
    """Say what this machine lacks for a fleet.

    Exits with 1 when something failed; what is weaker works, with less.
    """
    found = list(examine(data=data, host=host, port=port))
    output.table(found, columns=_COLUMNS)
    if any(check.finding is Finding.FAILED for check in found):
        raise click.exceptions.Exit(ExitCode.FAILED)
