"""`kill -9` and crash points: every job ends once, every event has its effect once."""

import random
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

import shared_lib
from shared_lib.contracts.jobs import JobState
from shared_lib.testing.processes import free_port
from shared_lib.testing.waiting import wait_until

SOURCE = Path(next(iter(shared_lib.__path__)))
POINTS = sorted(
    name
    for path in SOURCE.rglob("*.py")
    for name in re.findall(r'crash_point\("((?:jobs|events)\.[a-z_.]+)"\)', path.read_text())
)


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


class Keeper:
    """Starts the processes of a fleet again whenever one has died, as an orchestrator does."""

    def __init__(self, fleet: Any) -> None:
        self._fleet = fleet
        self._port = free_port()
        fleet.settings.receiver_url = f"http://127.0.0.1:{self._port}"
        self.env: dict[str, dict[str, str]] = {"supervisor": {}, "receiver": {}}
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def keep(self) -> None:
        """Start what does not run."""
        for name, arguments in (("supervisor", ()), ("receiver", (str(self._port),))):
            process = self.running.get(name)
            if process is None or process.poll() is not None:
                self.running[name] = self._fleet.start(name, *arguments, **self.env[name])

    def until(self, condition: Callable[[], bool], *, what: str, timeout_s: float = 60.0) -> None:
        """Keep everything running until the condition holds."""

        def look() -> bool:
            self.keep()
            return condition()

        wait_until(look, what=what, timeout_s=timeout_s)

    def until_all_is_done(self, jobs: Iterable[str]) -> None:
        """Keep everything running until all jobs have ended and all events are delivered."""
        self.until(
            lambda: (
                all(JobState(self._fleet.state(each)).ended for each in jobs)
                and self._fleet.undelivered() == 0
            ),
            what="the end of all jobs",
            timeout_s=120,
        )

    def stop(self, *names: str) -> None:
        """End processes in order; all of them when none is named."""
        for name in names or self.running:
            self.running[name].terminate()
            self.running[name].wait(timeout=30)


@contextmanager
def kept(fleet: Any) -> Iterator[Keeper]:
    keeper = Keeper(fleet)
    yield keeper
    keeper.stop()


def assert_all_ended_once(fleet: Any, expected: dict[str, str]) -> None:
    """States as expected, one effect of each success, each event heard once and all of them."""
    assert {job_id: fleet.state(job_id) for job_id in expected} == expected
    assert fleet.effects() == sorted(j for j, s in expected.items() if s == "succeeded")
    heard = fleet.heard()
    assert len({event for event, _, _ in heard}) == len(heard)
    told = sum(len(fleet.entries(job_id, "state")) for job_id in expected)
    assert len(heard) == told
    ends = [job for _, job, state in heard if JobState(state).ended]
    assert sorted(ends) == sorted(expected)


def test_every_crash_point_of_the_source_is_swept() -> None:
    assert len(POINTS) == len(set(POINTS)) >= 12


def test_a_crash_between_any_two_durable_steps_loses_and_doubles_nothing(make_fleet: Any) -> None:
    """One fleet goes through all points; whoever dies is started again with the next one."""
    fleet = make_fleet()
    expected: dict[str, str] = {}
    with kept(fleet) as keeper:
        for point in POINTS:
            mark = fleet.sign(point)
            where = "receiver" if point.startswith("events.inbox") else "supervisor"
            keeper.env[where] = {"FLEET_CRASH_AT": point, "FLEET_CRASH_MARK": str(mark)}
            if where in keeper.running:
                keeper.stop(where)
            expected |= {
                fleet.request("succeed"): "succeeded",
                fleet.request("fail_user"): "failed",
                fleet.request("flaky"): "succeeded",
            }
            keeper.until(mark.exists, what=f"the crash at {point}")
        keeper.until_all_is_done(expected)

    assert_all_ended_once(fleet, expected)


@pytest.mark.parametrize("dialect", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def test_a_second_supervisor_finishes_what_a_killed_one_had(make_fleet: Any, dialect: str) -> None:
    fleet = make_fleet(dialect)
    go, sign = fleet.sign("go"), fleet.sign("hang")
    waiting = fleet.request("wait_for_file", sign=str(fleet.sign("s")), go=str(go))
    hanging = fleet.request("hang", sign=str(sign))
    first = fleet.start("supervisor")
    pids = fleet.pids(sign)
    wait_until(fleet.sign("s").exists)
    tree = psutil.Process(first.pid).children(recursive=True)

    first.kill()
    first.wait()
    wait_until(
        lambda: not any(map(alive, [*pids, *tree])), what="the end of everything it had started"
    )
    assert fleet.state(waiting) == JobState.RUNNING

    second = fleet.start("supervisor")
    wait_until(lambda: fleet.job(waiting).attempts == 2, what="the lease to expire")
    go.touch()
    fleet.cancel(hanging)
    jobs = fleet.ended(waiting, hanging)
    second.terminate()

    assert second.wait(timeout=30) == 0
    assert [job.state for job in jobs] == ["succeeded", "cancelled"]
    assert fleet.effects() == [waiting]


def test_two_supervisors_share_the_jobs_and_each_is_done_once(make_fleet: Any) -> None:
    fleet = make_fleet("postgresql")
    jobs = [fleet.request("succeed") for _ in range(24)]
    both = [fleet.start("supervisor") for _ in range(2)]
    fleet.ended(*jobs, timeout_s=60)
    for each in both:
        each.terminate()

    assert [each.wait(timeout=30) for each in both] == [0, 0]
    assert fleet.effects() == sorted(jobs)
    assert {fleet.job(each).attempts for each in jobs} == {1}


@pytest.mark.long
def test_a_paused_supervisor_that_wakes_up_late_doubles_nothing(make_fleet: Any) -> None:
    # PostgreSQL: on SQLite a process that is paused within a unit keeps all others out.
    fleet = make_fleet("postgresql")
    go = fleet.sign("go")
    job_id = fleet.request("wait_for_file", sign=str(fleet.sign("s")), go=str(go))
    first = fleet.start("supervisor")
    wait_until(fleet.sign("s").exists)
    asleep = [psutil.Process(first.pid), *psutil.Process(first.pid).children(recursive=True)]
    for process in asleep:
        process.suspend()
    second = fleet.start("supervisor")
    wait_until(lambda: fleet.job(job_id).fence == 2, what="the second claim")
    for process in asleep:
        process.resume()
    go.touch()
    (job,) = fleet.ended(job_id)
    for each in (first, second):
        each.terminate()

    assert [each.wait(timeout=30) for each in (first, second)] == [0, 0]
    assert job.state == JobState.SUCCEEDED
    assert fleet.effects() == [job_id]


def test_a_signal_stops_it_in_order(make_fleet: Any) -> None:
    fleet = make_fleet()
    sign = fleet.sign("hang")
    job_id = fleet.request("hang", sign=str(sign))
    supervisor = fleet.start("supervisor")
    pids = fleet.pids(sign)
    tree = psutil.Process(supervisor.pid).children(recursive=True)
    supervisor.send_signal(signal.SIGINT)

    assert supervisor.wait(timeout=30) == 0
    assert not any(map(alive, [*pids, *tree]))
    assert fleet.state(job_id) == JobState.QUEUED
    assert list(fleet.temporary.iterdir()) == []


def kill_at_random(make_fleet: Any, *, kills: int, seed: int) -> None:
    fleet = make_fleet(children=2)
    dice = random.Random(seed)
    expected: dict[str, str] = {}
    with kept(fleet) as keeper:
        for _ in range(kills):
            expected |= {
                fleet.request("succeed"): "succeeded",
                fleet.request("talk"): "succeeded",
                fleet.request("fail_user"): "failed",
            }
            keeper.keep()
            time.sleep(dice.uniform(0.1, 2.0))
            victims = [each.pid for each in keeper.running.values() if each.poll() is None]
            for pid in list(victims):
                victims += [p.pid for p in psutil.Process(pid).children(recursive=True)]
            victim = psutil.Process(dice.choice(victims))
            victim.kill()
        keeper.until_all_is_done(expected)
    dead = {each for each in expected if fleet.state(each) == "dead"}
    # Who is killed in each of its tries is given up, and says so; none may be in between.
    assert len(dead) <= kills // 5
    assert_all_ended_once(fleet, expected | dict.fromkeys(dead, "dead"))


def test_six_random_kills(make_fleet: Any) -> None:
    kill_at_random(make_fleet, kills=6, seed=1)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(4))
def test_twenty_random_kills(make_fleet: Any, seed: int) -> None:
    kill_at_random(make_fleet, kills=20, seed=seed)
