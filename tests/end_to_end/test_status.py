"""`fleet status` in both shapes: every service, its database, its workers; and who is away."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared_lib.contracts.services import ServiceName
from shared_lib.testing.fleet import RunningFleet
from shared_lib.testing.scaled_out import ScaledOutFleet
from shared_lib.testing.waiting import wait_until


def status(fleet: RunningFleet) -> tuple[int, dict[str, dict[str, Any]]]:
    env = os.environ | {"FLEET_SERVER": fleet.address, "FLEET_KEY": fleet.key}
    script = str(Path(sys.executable).with_name("fleet"))
    done = subprocess.run(
        [script, "status", "--json"], capture_output=True, text=True, env=env, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, {line["service"]: line for line in lines}


def test_every_service_tells_how_it_stands(any_fleet: RunningFleet) -> None:
    wait_until(
        lambda: all(
            row["workers"] for name, row in status(any_fleet)[1].items() if name != "gateway"
        ),
        what="a worker of each service",
    )
    code, found = status(any_fleet)

    assert code == 0
    assert list(found) == [name.value for name in ServiceName]
    for row in found.values():
        assert row["problem"] is None
        assert row["revision"] == row["revision_needed"] is not None
        assert 0 < row["disk"]["free"] <= row["disk"]["total"]


def test_status_is_for_owners(any_fleet: RunningFleet) -> None:
    with any_fleet.client() as client:
        made = client.post("/v1/keys", json={"name": "admin", "role": "admin"}).json()
    with any_fleet.client(made["secret"]) as client:
        answer = client.get("/v1/status")

    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")


@pytest.mark.xdist_group("scaled_out")
def test_a_service_that_is_away_is_named(scaled_out_fleet: ScaledOutFleet) -> None:
    away = scaled_out_fleet.members["svc-quality-1"]
    away.kill()
    try:
        code, found = status(scaled_out_fleet)
    finally:
        away.start()
        scaled_out_fleet.await_ready()

    assert code == 1
    assert "cannot be reached" in found["svc-quality"]["problem"]
    assert {name for name, row in found.items() if row["problem"]} == {"svc-quality"}
