"""`fleet up` as people meet it: starts, ends, and says what is wrong."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from shared_lib.testing.fleet import FleetUnderTest
from shared_lib.testing.processes import outliving
from shared_lib.testing.waiting import wait_until


def _up(folder: Path, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A start that is expected to end by itself."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("FLEET_")}
    script = str(Path(sys.executable).with_name("fleet"))
    return subprocess.run(
        [script, "up", "--data", str(folder), *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env=plain | env,
    )


def test_ctrl_c_stops_everything_and_the_next_start_finds_it_again(tmp_path: Path) -> None:
    fleet = FleetUnderTest(tmp_path)
    with fleet:
        key = fleet.key
        assert key
        with fleet.client() as client:
            assert client.put("/v1/uploads/a.csv?dataset=a", content=b"a\n1\n").status_code == 201
        assert fleet.stop() == 0
    first, second = tmp_path / "up-1.log", tmp_path / "up-2.log"
    with fleet, fleet.client() as client:
        assert client.get("/v1/datasets").json()["items"][0]["name"] == "a"

    assert key in first.read_text()
    assert key not in second.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", first.name, second.name]


def test_what_it_keeps_is_for_its_owner_alone(tmp_path: Path) -> None:
    with FleetUnderTest(tmp_path) as fleet:
        secrets = [path for path in (fleet.data / "secrets").rglob("*") if path.is_file()]
        readable = [path.name for path in secrets if path.stat().st_mode & 0o077]

        assert len(readable) < len(secrets)
        assert [name for name in readable if not name.endswith(".pub")] == []


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = _up(tmp_path / "data", "--port", port)

    assert ended.returncode == 1
    assert f"127.0.0.1:{port} cannot be listened on" in ended.stderr
    assert "--port 8081" in ended.stderr


def test_a_folder_in_use_is_said(tmp_path: Path) -> None:
    with FleetUnderTest(tmp_path) as fleet, fleet.client() as client:
        ended = _up(fleet.data, "--port", "0")

        assert ended.returncode == 1
        assert "Another fleet (process" in ended.stderr
        assert "--data other" in ended.stderr
        assert client.get("/readyz").status_code == 200


def test_a_wrong_setting_is_named_and_nothing_stays_behind(tmp_path: Path) -> None:
    ended = _up(tmp_path / "data", "--port", "0", FLEET_JOBS__LEASE_S="soon")

    assert ended.returncode == 1
    assert "jobs.lease_s" in ended.stderr
    assert "Traceback" not in ended.stderr
    left = [
        process.info["cmdline"]
        for process in psutil.process_iter(["cmdline", "environ"])
        if str(tmp_path) in str((process.info["environ"] or {}).get("FLEET_DATA"))
    ]
    assert left == []


@pytest.mark.parametrize("module", ["fleet_embedded.api", "fleet_embedded.supervisor"])
def test_a_process_that_dies_is_restarted(tmp_path: Path, module: str) -> None:
    with FleetUnderTest(tmp_path) as fleet:
        (victim,) = fleet.processes(module)
        victim.send_signal(signal.SIGKILL)

        def back() -> bool:
            return any(each.pid != victim.pid for each in fleet.processes(module))

        wait_until(back, what=f"{module} again")
        # The socket is the launcher's: a client waits for the next API process, and is not refused.
        with fleet.client() as client:
            landed = client.put("/v1/uploads/a.csv?dataset=a", content=b"a\n1\n").json()
            flow = client.get(
                f"/v1/flows/{landed['version']['flow_id']}", headers={"Prefer": "wait=60"}
            )
            assert flow.json()["state"] == "succeeded"


def test_sigterm_leaves_nothing_behind(tmp_path: Path) -> None:
    with FleetUnderTest(tmp_path) as fleet:
        everything = fleet.tree()
        everything[0].terminate()
        alive = outliving(everything, within_s=30)

        assert alive == []
        with pytest.raises(httpx.ConnectError):
            httpx.get(fleet.address)
