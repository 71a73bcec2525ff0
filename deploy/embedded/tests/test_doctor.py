"""`fleet doctor`: what it finds, and that it finds what is wrong."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fleet_embedded import doctor as examined
from fleet_embedded.doctor import Finding, check_disk, check_folder, check_port
from shared_lib.testing.processes import free_port


def run(*words: str) -> tuple[int, dict[str, dict[str, str]]]:
    script = str(Path(sys.executable).with_name("fleet"))
    done = subprocess.run(
        [script, "doctor", "--json", *words], capture_output=True, text=True, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, {line["name"]: line for line in lines}


def test_a_machine_that_runs_these_tests_is_good_enough(tmp_path: Path) -> None:
    code, found = run("--data", str(tmp_path / "not" / "yet"), "--port", str(free_port()))

    assert code == 0, found
    assert set(found) == {
        "python",
        "system",
        "data folder",
        "disk",
        "memory",
        "open files",
        "git",
        "isolation",
        "gpu",
        "address",
    }
    assert not (tmp_path / "not").exists()


def test_an_address_that_something_else_has(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, found = run("--data", str(tmp_path), "--port", str(taken.getsockname()[1]))

    assert code == 1
    assert found["address"]["finding"] == "failed"
    assert "--port" in found["address"]["found"]


def test_a_free_address_is_free() -> None:
    assert check_port("127.0.0.1", free_port()).finding is Finding.OK


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")

    check = check_folder(tmp_path / "data" / "deeper")

    assert check.finding is Finding.FAILED
    assert "--data" in check.found


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examined, "DISK_NEEDED", 2**60)

    assert check_disk(tmp_path).finding is Finding.FAILED
