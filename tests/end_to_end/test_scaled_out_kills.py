"""The fleet spread out, hurt while files convert: every part of it dies, and nothing is lost."""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import redis
from outcomes import await_every_end, check_nothing_lost, kill_first, push

from shared_lib.contracts.services import SERVICES
from shared_lib.testing.processes import outliving, tree_of
from shared_lib.testing.scaled_out import ScaledOutFleet
from shared_lib.testing.waiting import wait_until

REPOSITORY = Path(__file__).parents[2]
WORKING = ("svc-ingest", "svc-parquet")
S3_DOWN_S = 10.0
CALM = 3

Harm = Callable[[ScaledOutFleet, random.Random], None]


def kill_member(fleet: ScaledOutFleet, name: str) -> None:
    """`kill -9`, see that what it started goes with it, and start it again as a platform would."""
    member = fleet.members[name]
    family = tree_of(member.pid)[1:]
    member.kill()
    alive = outliving(family, within_s=30)
    assert not alive, f"these outlived {name}: {alive}"
    member.start(wait=False)


def worker(fleet: ScaledOutFleet, choice: random.Random) -> None:
    kill_member(fleet, f"{choice.choice(WORKING)}-worker-1")


def job_child(fleet: ScaledOutFleet, _: random.Random) -> None:
    wait_until(lambda: kill_first(fleet.job_children()), timeout_s=60, what="a running job")


def service(fleet: ScaledOutFleet, choice: random.Random) -> None:
    kill_member(fleet, f"{choice.choice(list(SERVICES))}-1")


def gateway(fleet: ScaledOutFleet, _: random.Random) -> None:
    kill_member(fleet, "gateway")


def redis_killed(fleet: ScaledOutFleet, choice: random.Random) -> None:
    fleet.servers.redis.kill()
    time.sleep(choice.uniform(0, 2))
    fleet.servers.redis.start()


def redis_wiped(fleet: ScaledOutFleet, _: random.Random) -> None:
    redis.Redis.from_url(fleet.servers.redis_url).flushall()


def postgres_restarted(fleet: ScaledOutFleet, choice: random.Random) -> None:
    fleet.servers.stop_postgres()
    time.sleep(choice.uniform(0, 2))
    fleet.servers.start_postgres()


def s3_down(fleet: ScaledOutFleet, _: random.Random) -> None:
    fleet.servers.s3.kill()
    time.sleep(S3_DOWN_S)
    fleet.servers.s3.start()


HARMS: tuple[Harm, ...] = (
    worker,
    job_child,
    service,
    gateway,
    redis_killed,
    redis_wiped,
    postgres_restarted,
    s3_down,
)


@contextmanager
def pushing(fleet: ScaledOutFleet, *, accepted: dict[str, str]) -> Iterator[None]:
    """Somebody pushes one file after the other for as long as the block takes."""
    done = threading.Event()

    def go_on() -> None:
        seed = 0
        while not done.is_set():
            # As fast as the fleet gets on, so that a slow machine is not buried in work.
            if _running(fleet) <= CALM:
                seed += 1
                push(fleet, seed=seed, accepted=accepted, rows=3000)
            done.wait(0.5)

    pusher = threading.Thread(target=go_on)
    pusher.start()
    try:
        yield
    finally:
        done.set()
        pusher.join()


def _running(fleet: ScaledOutFleet) -> int:
    """Flows that run now; none when nobody answers, as a client cannot tell them then."""
    with contextlib.suppress(httpx.HTTPError), fleet.client() as client:
        answer = client.get("/v1/flows", params={"state": "running"})
        if answer.status_code == 200:
            return len(answer.json()["items"])
    return 0


def await_push(accepted: dict[str, str]) -> None:
    """Return when one more file was accepted."""
    before = len(accepted)
    wait_until(lambda: len(accepted) > before, timeout_s=60, what="a push")


def await_calm(fleet: ScaledOutFleet) -> None:
    """Return when what the harm before this one held up is nearly done: each is one of its own."""
    with fleet.client() as client:
        await_every_end(client, timeout_s=180, but=CALM)


def hurt(folder: Path, *, harms: list[Harm], seed: int) -> None:
    """Do all that harm while files come in, then see that nothing is lost and nothing doubled."""
    choice = random.Random(seed)
    accepted: dict[str, str] = {}
    # Tries are spread over more than the longest time that a server is away.
    env = {"FLEET_JOBS__RETRY_BACKOFF_S": "1"}
    with ScaledOutFleet(folder, repository=REPOSITORY, env=env) as fleet:
        with pushing(fleet, accepted=accepted):
            for harm in harms:
                await_calm(fleet)
                await_push(accepted)
                time.sleep(choice.uniform(0, 0.5))
                harm(fleet, choice)
        fleet.await_ready()
        assert len(accepted) >= len(harms)
        check_nothing_lost(fleet, accepted, timeout_s=240)


@pytest.mark.timeout(600)
@pytest.mark.xdist_group("scaled_out")
def test_every_part_dies_once_and_nothing_is_lost(tmp_path: Path) -> None:
    hurt(tmp_path, harms=list(HARMS), seed=20261124)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_one_part_dies_twenty_times_and_nothing_is_lost(harm: Harm, tmp_path: Path) -> None:
    hurt(tmp_path, harms=[harm] * 20, seed=20261124)
