"""Running fleets for the tests that do not hurt them: on one machine, and spread out."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parent))  # tests share the modules beside

from fleet_command import Run, command_of

from shared_lib.testing.compose import ComposeFleet, engine_is_here
from shared_lib.testing.fleet import FleetUnderTest, RunningFleet
from shared_lib.testing.github import TOKEN, GitHubReplica, serving_github
from shared_lib.testing.scaled_out import ScaledOutFleet

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def github() -> Iterator[GitHubReplica]:
    """GitHub, with a pull request for each shape of the fleet; its token is the fleets'."""
    with serving_github(GitHubReplica(["owner/embedded#7", "owner/scaled_out#7"])) as served:
        yield served


def _told(github: GitHubReplica) -> dict[str, str]:
    return {"FLEET_GITHUB__API_URL": github.url, "FLEET_GITHUB__TOKEN": TOKEN}


@pytest.fixture(scope="session")
def embedded_fleet(
    tmp_path_factory: pytest.TempPathFactory, github: GitHubReplica
) -> Iterator[FleetUnderTest]:
    """The embedded fleet, started once a test process."""
    with FleetUnderTest(tmp_path_factory.mktemp("fleet"), env=_told(github)) as running:
        yield running


@pytest.fixture(scope="session")
def scaled_out_fleet(
    tmp_path_factory: pytest.TempPathFactory, github: GitHubReplica
) -> Iterator[ScaledOutFleet]:
    """The fleet on PostgreSQL, Redis and S3, a process a service and worker."""
    folder = tmp_path_factory.mktemp("scaled-out")
    with ScaledOutFleet(folder, repository=REPOSITORY, env=_told(github)) as running:
        yield running


@pytest.fixture(scope="session")
def compose_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeFleet]:
    """The fleet in containers."""
    if not engine_is_here():
        pytest.skip("no container engine answers here: start dockerd, or set DOCKER_HOST")
    with ComposeFleet(tmp_path_factory.mktemp("compose"), repository=REPOSITORY) as running:
        yield running


@pytest.fixture(scope="session")
def fleet(embedded_fleet: FleetUnderTest) -> FleetUnderTest:
    """The embedded fleet; a module that runs in both shapes overrides this with `any_fleet`."""
    return embedded_fleet


@pytest.fixture(
    scope="session",
    params=[
        "embedded",
        pytest.param("scaled_out", marks=pytest.mark.xdist_group("scaled_out")),
        pytest.param(
            "compose",
            marks=[pytest.mark.long, pytest.mark.xdist_group("compose"), pytest.mark.timeout(1200)],
        ),
    ],
)
def any_fleet(request: pytest.FixtureRequest) -> RunningFleet:
    """The fleet in each of its two shapes, the second as processes and, long, in containers."""
    running: RunningFleet = request.getfixturevalue(f"{request.param}_fleet")
    return running


@pytest.fixture
def api(fleet: RunningFleet) -> Iterator[httpx.Client]:
    """Signed in as the owner."""
    with fleet.client() as client:
        yield client


@pytest.fixture
def run(fleet: RunningFleet, tmp_path: Path) -> Run:
    """`run("push", "a.csv")`: the installed command in a folder of its own, signed in."""
    return command_of(fleet, tmp_path)


@pytest.fixture
def signed_in(fleet: RunningFleet, page: Page) -> Page:
    """A page of a browser in which the owner has signed in; a console error fails the test."""
    page.goto(f"{fleet.address}/login")
    page.get_by_label("Key").fill(fleet.key)
    page.get_by_role("button", name="Sign in").click()
    return page


@pytest.fixture
def land(api: httpx.Client) -> Callable[..., dict[str, Any]]:
    """`land(name, content)`: push bytes and wait until their flow has ended."""

    def push(
        name: str, content: bytes, *, dataset: str, client: httpx.Client = api
    ) -> dict[str, Any]:
        answer = client.put(f"/v1/uploads/{name}", params={"dataset": dataset}, content=content)
        assert answer.status_code == 201, answer.text
        flow_id = answer.json()["version"]["flow_id"]
        flow: dict[str, Any] = client.get(
            f"/v1/flows/{flow_id}", headers={"Prefer": "wait=60"}
        ).json()
        assert flow["state"] != "running", flow
        return flow

    return push
