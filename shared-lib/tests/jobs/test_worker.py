"""A service's worker as a deployment starts it."""

import itertools
import sys
from pathlib import Path

import pytest

from shared_lib.contracts.services import ServiceName
from shared_lib.db.engine import Database
from shared_lib.db.migrations import migrate
from shared_lib.identity.layout import lay_out_keys
from shared_lib.testing.gpus import write_nvidia_smi
from shared_lib.testing.processes import ServerProcess
from shared_lib.testing.waiting import wait_until

_numbers = itertools.count()


def worker_of(folder: Path, *, name: str = "svc-quality", **env: str) -> ServerProcess:
    package, url = name.replace("-", "_"), f"sqlite:///{folder / 'quality.sqlite'}"
    database = Database(url)
    migrate(package, database)
    database.dispose()
    return ServerProcess(
        [sys.executable, "-m", f"{package}.worker"],
        port=None,
        log=folder / f"worker-{next(_numbers)}.log",
        env={
            "FLEET_MODE": "fleet",
            "FLEET_DATA": str(folder / "data"),
            "FLEET_SECRETS": str(folder / "secrets" / name),
            "FLEET_DATABASE__URL": url,
            "FLEET_STORAGE__ROOT": str(folder / "objects"),
            **env,
        },
    )


def runs(worker: ServerProcess, folder: Path) -> bool:
    return worker.listens() and (folder / "data" / "run" / "doorbell").exists()


def test_a_worker_ends_in_order_when_it_is_told_to(tmp_path: Path) -> None:
    lay_out_keys(tmp_path / "secrets")
    worker = worker_of(tmp_path).start()
    wait_until(lambda: runs(worker, tmp_path), what="the worker")

    assert worker.stop() == 0


def test_two_workers_do_not_share_a_folder(tmp_path: Path) -> None:
    lay_out_keys(tmp_path / "secrets")
    first, second = worker_of(tmp_path).start(), worker_of(tmp_path)
    wait_until(lambda: runs(first, tmp_path), what="the worker")
    second.start()

    with pytest.raises(RuntimeError, match="Give each worker a folder of its own: FLEET_DATA"):
        wait_until(lambda: not second.listens(), what="the second worker's end")
    assert first.listens()
    first.stop()


def test_a_worker_without_its_key_says_what_is_missing(tmp_path: Path) -> None:
    worker = worker_of(tmp_path).start()

    with pytest.raises(RuntimeError, match="Mount the private key of svc-quality"):
        wait_until(lambda: not worker.listens(), what="the worker's end")


def test_keys_are_laid_out_once(tmp_path: Path) -> None:
    lay_out_keys(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    (tmp_path / "svc-quality" / "gateway.pub").unlink()

    lay_out_keys(tmp_path)

    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    for name in ServiceName:
        private = tmp_path / name.value / f"{name.value}.key"
        assert private.stat().st_mode & 0o077 == 0


def test_a_gpu_worker_without_a_gpu_ends_and_says_so(tmp_path: Path) -> None:
    lay_out_keys(tmp_path / "secrets")
    env = {"FLEET_JOBS__GPU": "only", "PATH": str(write_nvidia_smi(tmp_path / "driver"))}
    worker = worker_of(tmp_path, name="svc-training", **env).start(wait=False)

    with pytest.raises(RuntimeError, match="`nvidia-smi` lists no GPU here"):
        wait_until(lambda: not worker.listens(), what="the worker's end")
