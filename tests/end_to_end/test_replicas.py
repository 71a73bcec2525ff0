"""Two replicas of each service: restarted one after the other, or killed, under load."""

import itertools
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from shared_lib.contracts.services import SERVICES
from shared_lib.testing.scaled_out import ScaledOutFleet
from shared_lib.testing.waiting import wait_until

REPOSITORY = Path(__file__).parents[2]
CLIENTS = 4

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScaledOutFleet]:
    """Two replicas of each service; its own, because these tests hurt it."""
    folder = tmp_path_factory.mktemp("replicas")
    with ScaledOutFleet(folder, repository=REPOSITORY, replicas=2) as running:
        yield running


@contextmanager
def load(fleet: ScaledOutFleet) -> Iterator[Counter[int]]:
    """Clients send idempotent requests for as long as the block takes; how often each status came.

    A connection that breaks counts as status 0: the gateway itself stays up all the time.
    """
    numbers, done, statuses = itertools.count(), threading.Event(), Counter[int]()

    def send() -> None:
        with fleet.client() as client:
            while not done.is_set():
                number = next(numbers)
                try:
                    statuses[ask(client, number).status_code] += 1
                except httpx.HTTPError:
                    statuses[0] += 1

    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(send) for _ in range(CLIENTS)]
        try:
            wait_until(lambda: statuses.total() > 50, what="the load")
            yield statuses
        finally:
            done.set()
            for each in clients:
                each.result()


def ask(client: httpx.Client, number: int) -> httpx.Response:
    """A read of one service or another, or a write that its key makes safe to repeat."""
    if number % 5 == 0:
        key = {"Idempotency-Key": f"load-{number}"}
        return client.post("/v1/datasets", json={"name": f"set-{number}"}, headers=key)
    return client.get(("/v1/datasets", "/v1/tables", "/v1/flows", "/v1/jobs")[number % 4])


def test_a_rolling_restart_under_load_fails_no_idempotent_request(fleet: ScaledOutFleet) -> None:
    with load(fleet) as statuses:
        for name in (f"{service}-{number}" for service in SERVICES for number in (1, 2)):
            before = statuses.total()
            # In the end uvicorn raises the signal that it was sent.
            assert fleet.members[name].stop() == -signal.SIGTERM, f"{name} did not end in order"
            fleet.members[name].start()
            fleet.await_ready()
            wait_until(lambda: statuses.total() > before + 20, what="answers meanwhile")  # noqa: B023

    assert set(statuses) == {200, 201}, statuses


def test_a_replica_killed_under_load_fails_no_idempotent_request(fleet: ScaledOutFleet) -> None:
    with load(fleet) as statuses:
        for service in ("svc-ingest", "svc-parquet"):
            before = statuses.total()
            fleet.members[f"{service}-2"].kill()
            wait_until(lambda: statuses.total() > before + 100, what="answers meanwhile")  # noqa: B023
            fleet.members[f"{service}-2"].start()
            fleet.await_ready()

    assert set(statuses) == {200, 201}, statuses


def test_both_replicas_are_asked(fleet: ScaledOutFleet) -> None:
    def answered() -> list[float]:
        found = []
        for number in (1, 2):
            port = fleet.members[f"svc-parquet-{number}"].port
            metrics = httpx.get(f"http://127.0.0.1:{port}/metrics").text
            found.append(
                sum(
                    float(line.rpartition(" ")[2])
                    for line in metrics.splitlines()
                    if line.startswith("fleet_requests_total") and "/v1/tables" in line
                )
            )
        return found

    before = answered()
    with load(fleet) as statuses:
        wait_until(lambda: statuses.total() > 300, what="the load")
    first, second = (after - was for after, was in zip(answered(), before, strict=True))

    assert min(first, second) > 0.3 * max(first, second)
