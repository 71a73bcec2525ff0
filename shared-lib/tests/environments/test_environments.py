"""An environment is built once, from the wheels it names, and is there whole or not at all."""

import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from shared_lib.environments import EnvironmentBuildError, Environments, key_of
from shared_lib.environments.errors import PackagesUnreachableError


@pytest.fixture
def requirements(tmp_path: Path) -> str:
    """A wheel of our own, so that no network is needed."""
    wheel = tmp_path / "tiny-1.0-py3-none-any.whl"
    files = {
        "tiny.py": "ANSWER = 42\n",
        "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
    }
    files["tiny-1.0.dist-info/RECORD"] = "".join(f"{name},,\n" for name in files)
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return f"tiny @ {wheel.as_uri()}\n"


def test_it_is_built_once_and_holds_nothing_of_ours(requirements: str, tmp_path: Path) -> None:
    environments, lines = Environments(tmp_path / "envs"), list[str]()
    assert environments.find(requirements) is None
    built = environments.ensure(requirements, log=lines.append)

    assert (built.packages, built.bytes > 0) == (1, True)
    assert any("tiny" in line for line in lines)
    code = (
        "import importlib.util as u, tiny; "
        "print(tiny.ANSWER, [m for m in ('shared_lib', 'pydantic', 'polars') if u.find_spec(m)])"
    )
    ran = subprocess.run([built.python, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "42 []\n"
    assert environments.ensure(requirements, log=pytest.fail) == built


def test_comments_do_not_make_another_one_and_versions_do() -> None:
    plain = "polars==2.1.0\nnumpy\n"
    assert key_of(f"# ours\n\n{plain.replace('numpy', 'numpy  # for polars')}") == key_of(plain)
    assert key_of(plain) != key_of("polars==2.0.0\nnumpy\n")


def test_who_asks_meanwhile_waits_for_the_same_one(requirements: str, tmp_path: Path) -> None:
    built, logs = [], list[str]()

    def ask() -> None:
        built.append(Environments(tmp_path / "envs").ensure(requirements, log=logs.append))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(built)) == 1
    assert sum(line.startswith("building") for line in logs) == 1


def test_a_build_that_was_killed_leaves_nothing_and_the_next_one_succeeds(
    requirements: str, tmp_path: Path
) -> None:
    code = (
        "import sys; from pathlib import Path; from shared_lib.environments import Environments; "
        "Environments(Path(sys.argv[1])).ensure(sys.argv[2])"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "envs"), requirements],
        env={**os.environ, "FLEET_CRASH_AT": "environments.build.installed"},
        check=False,
    )
    assert killed.returncode == 137
    environments = Environments(tmp_path / "envs")
    assert environments.find(requirements) is None
    assert environments.ensure(requirements).packages == 1
    assert not list((tmp_path / "envs").glob(".building-*"))


def test_what_cannot_be_installed_says_so_and_keeps_nothing(tmp_path: Path) -> None:
    environments = Environments(tmp_path / "envs")
    missing = f"tiny @ {(tmp_path / 'gone-1.0-py3-none-any.whl').as_uri()}\n"
    with pytest.raises(EnvironmentBuildError, match="gone"):
        environments.ensure(missing)
    with pytest.raises(EnvironmentBuildError, match="Change the requirements"):
        environments.ensure("this is no requirement ===\n")
    assert environments.find(missing) is None


def test_an_index_that_does_not_answer_is_a_trouble_that_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.delenv("UV_FIND_LINKS", raising=False)
    with pytest.raises(PackagesUnreachableError, match="UV_DEFAULT_INDEX"):
        Environments(tmp_path / "envs").ensure("nobody-has-this-package==1.0\n")
