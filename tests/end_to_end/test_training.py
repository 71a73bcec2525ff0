"""Triggers as a user meets them: land a file, and the flow says why it was trained on or not."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fleet_command import Run
from playwright.sync_api import Page

from shared_lib.testing.fleet import RunningFleet
from shared_lib.testing.waiting import wait_until

Push = Callable[..., Any]
PRICES = {"old": 50.0, "new": 20.0, "far": 0.0}


@pytest.fixture
def push(run: Run, api: httpx.Client, tmp_path: Path) -> Push:
    """`push(seed=1)`: the installed command lands a file of homes; the flow when it has ended."""

    def push_homes(*, seed: int, size: float = 100.0, code: int = 0) -> Any:
        draw, lines = random.Random(seed), ["id,size,district,target"]
        for row in range(600):
            area, district = draw.gauss(size, 20), draw.choice(list(PRICES))
            price = 3 * area + PRICES[district] + draw.gauss(0, 5)
            lines.append(f"{seed}-{row},{area:.2f},{district},{price:.2f}")
        (tmp_path / "homes.csv").write_text("\n".join(lines) + "\n")
        ended = run("push", "homes.csv", "--dataset", "homes", "--json", code=code)
        flow_id = json.loads(ended.stdout.splitlines()[0])["flow_id"]
        return api.get(f"/v1/flows/{flow_id}").json()

    return push_homes


def steps(flow: Any) -> dict[str, Any]:
    return {step["name"]: step for step in flow["steps"]}


def trained(api: httpx.Client, flow_id: str) -> Any:
    """The flow when it has ended with a training."""
    flow = api.get(f"/v1/flows/{flow_id}").json()
    return flow if flow["state"] == "succeeded" and "trained" in steps(flow) else None


@pytest.mark.timeout(400)
def test_what_passes_is_trained_on_and_what_drifts_is_refused_with_the_reason(
    fleet: RunningFleet,
    api: httpx.Client,
    push: Push,
    signed_in: Page,
) -> None:
    trigger = {
        "dataset": "homes",
        "pipeline": "linear_regression",
        "params": {"features": ["size", "district"]},
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

    signed_in.goto(f"{fleet.address}/flows/{flow['id']}")
    shown = signed_in.locator("main").inner_text()
    assert "4 stages ran, 0 cached; " in shown
    assert "rmse " in shown
    assert "The gate said passed, and nothing has been trained yet." in shown
