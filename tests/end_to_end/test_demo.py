"""`fleet demo` as a newcomer types it, in both shapes: champion, refusal, challenger, and why."""

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from fleet_command import Run
from playwright.sync_api import Page

from shared_lib.testing.fleet import RunningFleet

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
MODEL = "played-linear_regression"


@pytest.fixture(scope="session")
def fleet(any_fleet: RunningFleet) -> RunningFleet:
    """This suite runs in both shapes."""
    return any_fleet


def steps(flow: Any) -> dict[str, Any]:
    return {step["name"]: step for step in flow["steps"]}


def flows_of(api: httpx.Client, dataset: str) -> list[Any]:
    """The dataset's flows, oldest first, each with its steps."""
    found = api.get("/v1/flows", params={"dataset": dataset}).json()["items"]
    return [api.get(f"/v1/flows/{flow['id']}").json() for flow in reversed(found)]


@pytest.mark.timeout(400)
def test_the_demo_is_the_whole_journey(
    fleet: RunningFleet,
    run: Run,
    api: httpx.Client,
    signed_in: Page,
    tmp_path: Path,
) -> None:
    said = run("demo", "--dataset", "played").stdout
    first, drifted, third = flows_of(api, "played")

    assert [flow["state"] for flow in (first, drifted, third)] == [
        "succeeded", "failed", "succeeded",
    ]  # fmt: skip
    assert first["plan"]["pipeline"] == "linear_regression"
    champion = steps(first)["registered"]["facts"]
    assert (champion["model"], champion["alias"]) == (MODEL, "champion")

    refused = steps(drifted)
    assert refused["judged"]["error"]["code"] == "gate_failed"
    assert refused["decided"]["facts"]["rule"] == "gate_failed"
    assert "trained" not in refused
    assert "standard deviations" in said

    # The numbers decide who of them is champion; both say on how many rows.
    registered = steps(third)["registered"]["facts"]
    assert "mean loss" in registered["reason"]
    assert registered["reason"] in said
    model = api.get(f"/v1/models/{MODEL}").json()
    assert model["champion"] == (2 if registered["alias"] == "champion" else 1)
    assert model["versions"] == 2

    for line in run("model", "pull", MODEL, "--to", "model", "--json").stdout.splitlines():
        file = json.loads(line)
        assert hashlib.sha256((tmp_path / file["path"]).read_bytes()).hexdigest() == file["sha256"]

    answer = signed_in.goto(f"{fleet.address}/flows/{third['id']}")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert registered["reason"] in signed_in.locator("main").inner_text()
    assert signed_in.locator("svg.graph").first.is_visible()
    signed_in.screenshot(path=SCREENSHOTS / "flow.png", full_page=True)


def test_what_cannot_be_run_is_said_before_anything_is_sent(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")

    unknown = run("flow", "run", "a.csv", "--dataset", "asked", "--pipeline", "nobody", code=2)
    assert "linear_regression" in unknown.stderr
    lonely = run("flow", "run", "a.csv", "--dataset", "asked", "--param", "train.c=1", code=2)
    assert "--pipeline" in lonely.stderr
    assert run("dataset", "show", "asked", code=5).stdout == ""


def test_a_suite_of_ones_own_judges_and_nothing_is_trained_unasked(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n2\n")
    (tmp_path / "strict.yaml").write_text("name: strict\nchecks:\n- {check: rows, min: 3}\n")

    words = ("flow", "run", "a.csv", "--dataset", "strict", "--suite", "strict.yaml")
    held = run(*words, code=3).stdout
    assert "suite strict" in held or "Suite strict" in held
    assert "trained" not in held
    (tmp_path / "a.csv").write_text("a\n1\n2\n3\n")
    assert "succeeded" in run(*words, code=0).stdout
