"""`kill -9` of every process while files convert, and at every point between two durable steps.

What must hold afterwards: every accepted upload is readable with its hash, every job has ended
once, no object without a name outlives the sweep, no child outlives its parent.
"""

import ast
import contextlib
import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from outcomes import (
    all_of,
    answer_to,
    await_every_end,
    await_job,
    await_swept,
    check_accepted,
    check_nothing_lost,
    push,
)

from shared_lib.testing.fleet import FleetUnderTest
from shared_lib.testing.github import TOKEN, GitHubReplica, serving_github
from shared_lib.testing.pipelines import write_repository
from shared_lib.testing.processes import outliving
from shared_lib.testing.waiting import wait_until

ROOT = Path(__file__).parents[2]
KILLS = 21
VICTIMS = ("supervisor", "child", "api")


def _kill_one(fleet: FleetUnderTest, *, kind: str) -> None:
    """Kill one process of a kind as soon as there is one; what it started must go with it."""
    finders: dict[str, Callable[[], list[psutil.Process]]] = {
        "supervisor": lambda: fleet.processes("fleet_embedded.supervisor"),
        "child": fleet.job_children,
        "api": lambda: fleet.processes("fleet_embedded.api"),
    }

    def kill() -> list[psutil.Process]:
        for victim in finders[kind]():
            # A child may have ended by itself since it was found.
            with contextlib.suppress(psutil.NoSuchProcess):
                family = [] if kind == "child" else victim.children(recursive=True)
                victim.kill()
                return [victim, *family]
        return []

    killed = wait_until(kill, timeout_s=30, what=f"a running {kind}")
    alive = outliving(killed, within_s=30)
    assert not alive, f"these outlived their parent: {alive}"


@pytest.mark.timeout(600)
def test_seeded_kills_while_files_convert(tmp_path: Path) -> None:
    choice = random.Random(20261123)
    accepted: dict[str, str] = {}
    with FleetUnderTest(tmp_path) as fleet:
        for number in range(KILLS):
            push(fleet, seed=number, accepted=accepted)
            _kill_one(fleet, kind=choice.choice(VICTIMS))
        assert len(accepted) >= KILLS // 2
        check_nothing_lost(fleet, accepted)


def _crash_points() -> list[str]:
    """Every point that the source names, so that none can be left out of the sweep."""
    points = set()
    for source in ROOT.glob("*/src/**/*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "crash_point":
                argument = node.args[0]
                assert isinstance(argument, ast.Constant), f"{source}: a point needs a literal name"
                points.add(str(argument.value))
    return sorted(points)


SWEPT_ELSEWHERE = ("ingest.upload.", "storage.file.", "jobs.", "events.")
"""Tests of svc-ingest and shared-lib cut off at these; here, in the whole fleet, at length."""

MAIN_PATH = [
    pytest.param(point, marks=pytest.mark.long) if point.startswith(SWEPT_ELSEWHERE) else point
    for point in _crash_points()
    # These lie on ways that an ordinary file does not take; their services' own tests sweep them.
    if not point.startswith("training.")  # swept below, where something is trained
    and not point.startswith("knowledgebase.")
    and point
    not in {
        "environments.build.installed",
        "ingest.sweep.upload_aborted",
        "ingest.upload.duplicate_dropped",
        "jobs.child.failed",
        "jobs.child.failing",
        "jobs.supervisor.killed",
        "parquet.table.object_put",  # hit below, where a table grows
    }
]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("point", MAIN_PATH)
def test_crash_between_two_durable_steps(point: str, tmp_path: Path) -> None:
    mark = tmp_path / "crashed"
    env = {"FLEET_CRASH_AT": point, "FLEET_CRASH_MARK": str(mark)}
    accepted: dict[str, str] = {}
    with FleetUnderTest(tmp_path, env=env) as fleet:
        with fleet.client() as client:
            suite = {"name": "gate", "checks": [{"check": "rows", "min": 1}]}
            bound = client.post("/v1/suites", json={"dataset": "d1", "suite": suite})
            assert bound.status_code == 201, bound.text
        push(fleet, seed=1, accepted=accepted)
        if not accepted:
            # The API process crashed before it answered: a client repeats its request.
            wait_until(mark.exists, what=f"the crash at {point}")
            push(fleet, seed=1, accepted=accepted)
        assert accepted
        _check_nothing_lost_or_repeated(fleet, accepted)
        # A child may have committed, and be a moment away from the point behind that.
        wait_until(mark.exists, timeout_s=10, what=f"the crash at {point}")


def _check_nothing_lost_or_repeated(fleet: FleetUnderTest, accepted: dict[str, str]) -> None:
    """As after random kills; but a push that was cut off after its commit has landed twice."""
    with fleet.client() as client:
        await_every_end(client)
        flows = list(all_of(client, "/v1/flows"))
        assert {flow["state"] for flow in flows} == {"succeeded"}
        jobs = list(all_of(client, "/v1/jobs"))
        assert sorted(job["kind"] for job in jobs) == [
            kind for kind in ("convert", "judge") for _ in flows
        ]
        assert {job["state"] for job in jobs} == {"succeeded"}
        check_accepted(client, accepted)
        (table,) = all_of(client, "/v1/tables")
        assert table["versions"] == len(flows)
        judgements = list(all_of(client, "/v1/judgements"))
        assert [each["verdict"] for each in judgements] == ["passed"] * len(flows)
        assert len({each["table_version_id"] for each in judgements}) == len(flows)
    # Raw, Parquet, preview, report of the conversion; two forms of the gate's report.
    await_swept(fleet, named=5 * len(flows) + 1)


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "point",
    [
        point
        for point in _crash_points()
        # No schedule is due here; svc-training's own test stops its supervisor there.
        if point.startswith("training.") and point != "training.schedules.taken"
    ],
)
def test_a_training_that_is_cut_off_ends_once(point: str, tmp_path: Path) -> None:
    mark, pipelines = tmp_path / "crashed", tmp_path / "pipelines"
    write_repository(pipelines)
    env = {
        "FLEET_CRASH_AT": point,
        "FLEET_CRASH_MARK": str(mark),
        "FLEET_PIPELINES__SOURCE": str(pipelines),
        "FLEET_GITHUB__TOKEN": TOKEN,
    }
    with (
        serving_github(GitHubReplica(["owner/name#7"])) as github,
        FleetUnderTest(tmp_path, env=env | {"FLEET_GITHUB__API_URL": github.url}) as fleet,
        fleet.client() as client,
    ):
        suite = {"name": "gate", "checks": [{"check": "rows", "min": 1}]}
        client.post("/v1/suites", json={"dataset": "d1", "suite": suite}).raise_for_status()
        here = {"repository": "owner/name", "number": 7}
        trigger = {"dataset": "d1", "pipeline": "small", "pull_request": here}
        client.post("/v1/triggers", json=trigger).raise_for_status()
        push(fleet, seed=1, accepted={}, rows=100)
        wait_until(mark.exists, timeout_s=90, what=f"the crash at {point}")
        await_every_end(client)

        (flow,) = all_of(client, "/v1/flows")
        assert flow["state"] == "succeeded"
        jobs = list(all_of(client, "/v1/jobs"))
        assert sorted(job["kind"] for job in jobs) == ["convert", "judge", "report", "train"]
        (training,) = all_of(client, "/v1/training-jobs")
        # What an earlier try of the job ran, a later one restores; the job has run it all the same.
        assert [stage["outcome"] for stage in training["stages"]] == ["ran"] * 3
        (model,) = all_of(client, "/v1/models")
        assert (model["versions"], model["champion"]) == (1, 1)
        for artifact in training["artifacts"]:
            path = f"/v1/training-jobs/{training['id']}/artifacts/{artifact['name']}"
            content = answer_to(client, path).content
            assert hashlib.sha256(content).hexdigest() == artifact["sha256"]

        # One report in its four forms, and one comment, whichever try posted it.
        path = f"/v1/training-jobs/{training['id']}/report"
        written = answer_to(client, path, **{"as": "markdown"}).text
        (comment,) = github.comments("owner/name#7")
        assert comment["body"].partition("\n\n")[2] == written
        assert [method for method, _ in github.requests].count("POST") == 1
        steps = answer_to(client, f"/v1/flows/{flow['id']}").json()["steps"]
        (reported,) = [step for step in steps if step["name"] == "reported"]
        assert reported["facts"]["comment"] == comment["html_url"]

        def left(prefix: str) -> int:
            return len([key for key in fleet.objects() if key.startswith(prefix)])

        named = {"models/": len(training["artifacts"]), "training-reports/": 4}
        wait_until(
            lambda: {prefix: left(prefix) for prefix in named} == named,
            timeout_s=60,
            what="the sweep of models and reports",
        )


@pytest.mark.timeout(120)
def test_an_append_that_is_cut_off_ends_once(tmp_path: Path) -> None:
    mark = tmp_path / "crashed"
    env = {"FLEET_CRASH_AT": "parquet.table.object_put", "FLEET_CRASH_MARK": str(mark)}
    with FleetUnderTest(tmp_path, env=env) as fleet, fleet.client() as client:
        for seed in (1, 2):
            push(fleet, seed=seed, accepted={}, rows=100)
        await_every_end(client)
        (second, first) = all_of(client, "/v1/tables")

        body = {"source_table_id": second["id"]}
        asked = client.post(f"/v1/tables/{first['id']}/appends", json=body)
        assert asked.status_code == 202, asked.text
        wait_until(mark.exists, timeout_s=60, what="the crash")
        await_job(client, asked.json()["job_id"])

        grown = answer_to(client, f"/v1/tables/{first['id']}").json()
        assert (grown["versions"], grown["latest_version"]["rows"]) == (2, 200)
        versions = list(all_of(client, f"/v1/tables/{first['id']}/versions"))
        assert [version["rows"] for version in versions] == [200, 100]


@pytest.mark.timeout(120)
def test_nothing_outlives_fleet_up(tmp_path: Path) -> None:
    with FleetUnderTest(tmp_path) as fleet:
        push(fleet, seed=1, accepted={})
        wait_until(fleet.job_children, what="a running job")
        everything = fleet.tree()
        everything[0].kill()
        alive = outliving(everything, within_s=30)
        assert not alive, f"these outlived `fleet up`: {alive}"
