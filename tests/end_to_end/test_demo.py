"""`fleet demo` as a newcomer types it, in both shapes: champion, refusal, challenger, and why."""

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from fleet_command import Run
from playwright.sync_api import Page

from shared_lib.testing.browser import assert_accessible
from shared_lib.testing.compose import ComposeFleet
from shared_lib.testing.fleet import FleetUnderTest, RunningFleet
from shared_lib.testing.github import GitHubReplica

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
MODEL = "played-linear_regression"


@pytest.fixture(scope="session")
def fleet(any_fleet: RunningFleet) -> RunningFleet:
    """This suite runs in both shapes."""
    return any_fleet


@pytest.fixture
def told(fleet: RunningFleet) -> str:
    """The pull request of this shape; containers do not reach what listens on our loopback."""
    if isinstance(fleet, ComposeFleet):
        return ""
    return "owner/embedded#7" if isinstance(fleet, FleetUnderTest) else "owner/scaled_out#7"


def steps(flow: Any) -> dict[str, Any]:
    return {step["name"]: step for step in flow["steps"]}


def flows_of(api: httpx.Client, dataset: str) -> list[Any]:
    """The dataset's flows, oldest first, each with its steps."""
    found = api.get("/v1/flows", params={"dataset": dataset}).json()["items"]
    return [api.get(f"/v1/flows/{flow['id']}").json() for flow in reversed(found)]


@pytest.mark.timeout(400)
def test_the_demo_is_the_whole_journey(
    fleet: RunningFleet,
    *,
    run: Run,
    api: httpx.Client,
    signed_in: Page,
    github: GitHubReplica,
    told: str,
    tmp_path: Path,
) -> None:
    said = run("demo", "--dataset", "played", *(["--pull-request", told] if told else [])).stdout
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

    third_training = steps(third)["trained"]["links"]["training_job"].rsplit("/", 1)[-1]
    written = run("pipeline", "report", third_training).stdout
    assert "| **mean loss** of " in written
    if told:
        _check_comment(github, told, drifted=refused, written=written)

    # The report of the third: its picture stands on the page and is whole.
    signed_in.goto(f"{fleet.address}/reports/{third_training}")
    signed_in.get_by_role("heading", level=2, name="Champion against this version").wait_for()
    picture = signed_in.locator("img.chart")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 480
    assert_accessible(signed_in)
    signed_in.screenshot(path=SCREENSHOTS / "report.png", full_page=True)

    answer = signed_in.goto(f"{fleet.address}/flows/{third['id']}")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert registered["reason"] in signed_in.locator("main").inner_text()
    assert signed_in.locator("svg.graph").first.is_visible()
    signed_in.screenshot(path=SCREENSHOTS / "flow.png", full_page=True)


def _check_comment(github: GitHubReplica, told: str, *, drifted: Any, written: str) -> None:
    """One comment, posted for the first file and updated in place for both of the others."""
    (comment,) = github.comments(told)
    assert written.strip() in comment["body"]
    assert drifted["reported"]["facts"]["comment"] == comment["html_url"]
    repository = told.partition("#")[0]
    asked = [method for method, path in github.requests if f"/repos/{repository}/" in path]
    assert (asked.count("POST"), asked.count("PATCH")) == (1, 2)


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
