"""One running fleet for the tests that do not hurt it."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from shared_lib.testing.fleet import FleetUnderTest


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FleetUnderTest]:
    """The embedded fleet, started once a test process."""
    with FleetUnderTest(tmp_path_factory.mktemp("fleet")) as running:
        yield running


@pytest.fixture
def api(fleet: FleetUnderTest) -> Iterator[httpx.Client]:
    """Signed in as the owner."""
    with fleet.client() as client:
        yield client


@pytest.fixture
def land(api: httpx.Client) -> Callable[..., dict[str, object]]:
    """`land(name, content)`: push bytes and wait until their flow has ended."""

    def push(
        name: str, content: bytes, *, dataset: str, client: httpx.Client = api
    ) -> dict[str, object]:
        answer = client.put(f"/v1/uploads/{name}", params={"dataset": dataset}, content=content)
        assert answer.status_code == 201, answer.text
        flow_id = answer.json()["version"]["flow_id"]
        flow: dict[str, object] = client.get(
            f"/v1/flows/{flow_id}", headers={"Prefer": "wait=60"}
        ).json()
        assert flow["state"] != "running", flow
        return flow

    return push
