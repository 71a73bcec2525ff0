"""The real fleet for the client's tests, started once a test process, and a client of it."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from datafleet import Client
from shared_lib.testing.processes import free_port, running
from shared_lib.testing.waiting import wait_until

sys.path.insert(0, str(Path(__file__).parent))  # tests share these modules

from running_fleet import Fleet, fleet_script


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """`fleet up` in a folder of its own."""
    folder = tmp_path_factory.mktemp("fleet")
    port, log = free_port(), folder / "up.log"
    command = [fleet_script(), "up", "--port", str(port), "--data", str(folder / "data")]
    with running(command, port=port, log=log):
        found = wait_until(
            lambda: re.search(r"fleet_\w+_\w+_[\w-]+_\w+", log.read_text(encoding="utf-8")),
            timeout_s=60,
            what="the admin key",
        )
        assert found is not None
        yield Fleet(address=f"http://127.0.0.1:{port}", key=found[0])


@pytest.fixture
def client(fleet: Fleet) -> Iterator[Client]:
    """Signed in as the owner."""
    with Client(fleet.address, fleet.key) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _home_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the settings of whoever runs it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("FLEET_SERVER", "FLEET_KEY", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
