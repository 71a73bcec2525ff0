"""Training as a user meets it, in both shapes: land a file, and the flow says what became of it."""

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from shared_lib.testing.browser import assert_accessible
from shared_lib.testing.compose import ComposeFleet
from shared_lib.testing.fleet import FleetUnderTest, RunningFleet
from shared_lib.testing.github import GitHubReplica
from shared_lib.testing.waiting import wait_until

Push = Callable[..., Any]
PRICES = {"old": 50.0, "new": 20.0, "far": 0.0}


@pytest.fixture(scope="session")
def fleet(any_fleet: RunningFleet) -> RunningFleet:
    """This suite runs in both shapes."""
    return any_fleet


@pytest.fixture
def push(fleet: RunningFleet, api: httpx.Client, tmp_path: Path) -> Push:
    """`push(seed=1)`: the installed command lands a file of homes; the flow when it has ended."""

    def push_homes(*, seed: int, size: float = 100.0, code: int = 0) -> Any:
        draw, lines = random.Random(seed), ["id,size,district,target"]
        for row in range(600):
            area, district = draw.gauss(size, 20), draw.choice(list(PRICES))
            price = 3 * area + PRICES[district] + draw.gauss(0, 5)
            lines.append(f"{seed}-{row},{area:.2f},{district},{price:.2f}")
        (tmp_path / "homes.csv").write_text("\n".join(lines) + "\n")
        script = str(Path(sys.executable).with_name("fleet"))
        ended = subprocess.run(
            [script, "push", "homes.csv", "--dataset", "homes", "--json"],
            capture_output=True,
            text=True,
            env=os.environ | {"FLEET_SERVER": fleet.address, "FLEET_KEY": fleet.key},
            cwd=tmp_path,
            timeout=200,
            check=False,
        )
        assert ended.returncode == code, f"{ended.stdout}{ended.stderr}"
        flow_id = json.loads(ended.stdout.splitlines()[0])["flow_id"]
        return api.get(f"/v1/flows/{flow_id}").json()

    return push_homes


@pytest.fixture
def pull_request(fleet: RunningFleet) -> Any:
    """The pull request of this shape; containers do not reach what listens on our loopback."""
    if isinstance(fleet, ComposeFleet):
        return None
    name = "embedded" if isinstance(fleet, FleetUnderTest) else "scaled_out"
    return {"repository": f"owner/{name}", "number": 7}


def comment_of(github: GitHubReplica, pull_request: Any) -> str:
    """The one comment that is there."""
    (only,) = github.comments(f"{pull_request['repository']}#7")
    return str(only["body"])


def steps(flow: Any) -> dict[str, Any]:
    return {step["name"]: step for step in flow["steps"]}


def trained(api: httpx.Client, flow_id: str) -> Any:
    """The flow when it has ended with a training."""
    flow = api.get(f"/v1/flows/{flow_id}").json()
    return flow if flow["state"] == "succeeded" and "trained" in steps(flow) else None


@pytest.mark.timeout(400)
def test_what_passes_is_trained_on_and_what_drifts_is_refused_with_the_reason(
    fleet: RunningFleet,
    *,
    api: httpx.Client,
    push: Push,
    page: Page,
    github: GitHubReplica,
    pull_request: Any,
    tmp_path: Path,
) -> None:
    trigger = {
        "dataset": "homes",
        "pipeline": "linear_regression",
        "params": {"features": ["size", "district"]},
        "pull_request": pull_request,
    }
    assert api.post("/v1/triggers", json=trigger).status_code == 201
    first = push(seed=1)
    assert steps(first)["decided"]["facts"]["rule"] == "not_judged"
    assert "trained" not in steps(first)

    # A suite made of a good version judges it at once, and that is asked about anew.
    inferred = api.post("/v1/suites/infer", json={"dataset": "homes", "name": "homes"})
    assert inferred.status_code == 202, inferred.text
    flow = wait_until(lambda: trained(api, first["id"]), timeout_s=120, what="the first training")
    told = steps(flow)
    assert told["decided"]["facts"]["rule"] == "first"
    assert told["trained"]["facts"]["stages_run"] == 4
    assert told["trained"]["facts"]["r2"] > 0.9
    training = api.get(told["trained"]["links"]["training_job"]).json()
    assert {stage["device"].split()[0] for stage in training["stages"]} == {"cpu"}
    model = api.get(f"/v1/training-jobs/{training['id']}/artifacts/models/model.skops")
    assert model.status_code == 200

    assert told["registered"]["facts"]["alias"] == "champion"
    kept = api.get(told["registered"]["links"]["model"]).json()
    assert (kept["training_job_id"], kept["verdict"]) == (training["id"], "passed")

    reported = api.get(told["reported"]["links"]["training_report"]).json()
    assert reported["headline"] == "homes-linear_regression v1 is champion"
    if pull_request:
        assert "homes-linear_regression v1 is champion" in comment_of(github, pull_request)

    second = push(seed=2)
    assert second["state"] == "succeeded", second
    assert steps(second)["decided"]["facts"]["rule"] == "new_data"
    later = api.get(steps(second)["trained"]["links"]["training_job"]).json()
    assert later["frozen_table_version_id"] == training["table_version_id"]

    # On the same test rows either of them may win; the numbers are there, and one is champion.
    registered = steps(second)["registered"]["facts"]
    assert "mean loss" in registered["reason"]
    homes = api.get("/v1/models/homes-linear_regression").json()
    assert homes["champion"] == (2 if registered["alias"] == "champion" else 1)

    refused = push(seed=3, size=160, code=3)
    assert refused["state"] == "failed"
    decided = steps(refused)["decided"]["facts"]
    assert (decided["train"], decided["rule"]) == (False, "gate_failed")
    assert "size" in decided["reason"]
    assert "trained" not in steps(refused)
    if pull_request:
        # The same comment, written anew: what stood there was about the second.
        body = comment_of(github, pull_request)
        assert "homes-linear_regression was not trained on homes v3" in body
        assert "The gate failed" in body

    script = str(Path(sys.executable).with_name("fleet"))
    words = ["model", "pull", "homes-linear_regression", "--to", str(tmp_path / "model"), "--json"]
    env = os.environ | {"FLEET_SERVER": fleet.address, "FLEET_KEY": fleet.key}
    pulled = subprocess.run([script, *words], capture_output=True, text=True, env=env, check=True)
    for line in pulled.stdout.splitlines():
        file = json.loads(line)
        assert hashlib.sha256(Path(file["path"]).read_bytes()).hexdigest() == file["sha256"]
    assert (tmp_path / "model" / "models" / "model.skops").exists()
    words = ["model", "report", "homes-linear_regression", "--version", "2"]
    said = subprocess.run([script, *words], capture_output=True, text=True, env=env, check=True)
    assert "| **mean loss** of " in said.stdout
    assert "| 600 | 600 | ±0 |" in said.stdout

    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(f"{fleet.address}/login")
    page.get_by_label("Key").fill(fleet.key)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{fleet.address}/flows/{flow['id']}")
    shown = page.locator("main").inner_text()
    assert "4 stages ran, 0 cached; " in shown
    assert "rmse " in shown
    assert "The gate said passed, and nothing has been trained yet." in shown
    # The report of the second training: its picture stands on the page and is whole.
    page.goto(f"{fleet.address}/flows/{second['id']}")
    page.locator("a[href^='/reports/tj_']", has_text="report").last.click()
    page.get_by_role("heading", level=2, name="Champion against this version").wait_for()
    picture = page.locator("img.chart")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 480
    assert_accessible(page)
    assert errors == []
