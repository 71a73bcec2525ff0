"""`kill -9` of every process while files convert, and at every point between two durable steps.

What must hold afterwards: every accepted upload is readable with its hash, every job has ended
once, no object without a name outlives the sweep, no child outlives its parent.
"""

import ast
import contextlib
import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from shared_lib.testing.fleet import FleetUnderTest
from shared_lib.testing.waiting import wait_until

ROOT = Path(__file__).parents[2]
KILLS = 24
VICTIMS = ("supervisor", "child", "api")


def _content(seed: int) -> bytes:
    rows = "".join(f'{seed:04d}{row:06d},"name\n{row}",{row}.5\n' for row in range(30_000))
    return ("code,name,amount\n" + rows).encode()


def _push(fleet: FleetUnderTest, *, seed: int, accepted: dict[str, str]) -> None:
    """Push one file; whatever was accepted is remembered with its hash."""
    content = _content(seed)
    with contextlib.suppress(httpx.HTTPError), fleet.client() as client:
        answer = client.put(f"/v1/uploads/f{seed}.csv?dataset=d{seed}", content=content)
        if answer.status_code == 201:
            file = answer.json()["version"]["files"][0]
            accepted[file["id"]] = hashlib.sha256(content).hexdigest()


def _kill_one(fleet: FleetUnderTest, *, kind: str) -> None:
    """Kill one process of a kind as soon as there is one; what it started must go with it."""
    find = {
        "supervisor": lambda: fleet.processes("fleet_embedded.supervisor"),
        "child": fleet.job_children,
        "api": lambda: fleet.processes("fleet_embedded.api"),
    }[kind]
    victim = wait_until(find, timeout_s=30, what=f"a running {kind}")[0]
    family = [] if kind == "child" else victim.children(recursive=True)
    victim.kill()
    _, alive = psutil.wait_procs([victim, *family], timeout=10)
    assert not alive, f"these outlived their parent: {alive}"


def _answers(client: httpx.Client, path: str, **params: Any) -> Any:
    """The answer as soon as somebody answers: a killed API process is being restarted."""

    def ask() -> httpx.Response | None:
        with contextlib.suppress(httpx.HTTPError):
            answer = client.get(path, params=params)
            return answer if answer.status_code < 500 else None
        return None

    answer = wait_until(ask, timeout_s=60, what=path)
    assert answer is not None
    return answer


def _all_jobs(client: httpx.Client) -> Iterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        page = _answers(client, "/v1/jobs", limit=200, **cursor).json()
        yield from page["items"]
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


def _check_nothing_lost(fleet: FleetUnderTest, accepted: dict[str, str]) -> None:
    with fleet.client() as client:

        def settled() -> bool:
            flows = _answers(client, "/v1/flows", state="running", limit=200).json()["items"]
            return not flows

        wait_until(settled, timeout_s=120, what="every flow's end")
        for file_id, sha256 in accepted.items():
            content = _answers(client, f"/v1/files/{file_id}/content").content
            assert hashlib.sha256(content).hexdigest() == sha256
        jobs = list(_all_jobs(client))
        assert {job["state"] for job in jobs} == {"succeeded"}, jobs
        converted = [job["subject_id"] for job in jobs]
        assert len(converted) == len(set(converted)), "a file has two conversions"
        assert set(accepted) <= set(converted)
        tables = _answers(client, "/v1/tables", limit=200).json()["items"]
        assert {table["versions"] for table in tables} == {1}, "a conversion was published twice"
        named = 3 * len(tables) + len(set(accepted.values()))
    wait_until(
        lambda: len([k for k in fleet.objects() if not k.startswith(".partial")]) <= named,
        timeout_s=30,
        what="the sweep of objects that nobody names",
    )


@pytest.mark.timeout(600)
def test_seeded_kills_while_files_convert(tmp_path: Path) -> None:
    choice = random.Random(20261123)
    accepted: dict[str, str] = {}
    with FleetUnderTest(tmp_path) as fleet:
        for number in range(KILLS):
            _push(fleet, seed=number, accepted=accepted)
            _kill_one(fleet, kind=choice.choice(VICTIMS))
        assert len(accepted) >= KILLS // 2
        _check_nothing_lost(fleet, accepted)


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


MAIN_PATH = [
    point
    for point in _crash_points()
    # These lie on ways that an ordinary file does not take; their services' own tests sweep them.
    if point
    not in {
        "ingest.sweep.upload_aborted",
        "ingest.upload.duplicate_dropped",
        "jobs.child.failed",
        "jobs.child.failing",
        "jobs.supervisor.killed",
    }
]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("point", MAIN_PATH)
def test_crash_between_two_durable_steps(point: str, tmp_path: Path) -> None:
    mark = tmp_path / "crashed"
    env = {"FLEET_CRASH_AT": point, "FLEET_CRASH_MARK": str(mark)}
    accepted: dict[str, str] = {}
    with FleetUnderTest(tmp_path, env=env) as fleet:
        _push(fleet, seed=1, accepted=accepted)
        if not accepted:
            # The API process crashed before it answered: a client repeats its request.
            wait_until(mark.exists, what=f"the crash at {point}")
            _push(fleet, seed=1, accepted=accepted)
        assert accepted
        _check_nothing_lost_or_repeated(fleet, accepted)
        assert mark.exists(), f"{point} was never reached"


def _check_nothing_lost_or_repeated(fleet: FleetUnderTest, accepted: dict[str, str]) -> None:
    """As after random kills; but a push that was cut off after its commit has landed twice."""
    with fleet.client() as client:
        wait_until(
            lambda: not _answers(client, "/v1/flows", state="running").json()["items"],
            timeout_s=60,
            what="every flow's end",
        )
        flows = _answers(client, "/v1/flows").json()["items"]
        assert {flow["state"] for flow in flows} == {"succeeded"}
        jobs = list(_all_jobs(client))
        assert len(jobs) == len(flows)
        assert {job["state"] for job in jobs} == {"succeeded"}
        for file_id, sha256 in accepted.items():
            content = _answers(client, f"/v1/files/{file_id}/content").content
            assert hashlib.sha256(content).hexdigest() == sha256
        (table,) = _answers(client, "/v1/tables").json()["items"]
        assert table["versions"] == len(flows)
    named = 3 * len(flows) + 1
    wait_until(
        lambda: len([k for k in fleet.objects() if not k.startswith(".partial")]) == named,
        timeout_s=30,
        what="the sweep of objects that nobody names",
    )


@pytest.mark.timeout(120)
def test_nothing_outlives_fleet_up(tmp_path: Path) -> None:
    with FleetUnderTest(tmp_path) as fleet:
        _push(fleet, seed=1, accepted={})
        wait_until(fleet.job_children, what="a running job")
        everything = fleet.tree()
        everything[0].kill()
        _, alive = psutil.wait_procs(everything, timeout=15)
        assert not alive, f"these outlived `fleet up`: {alive}"
