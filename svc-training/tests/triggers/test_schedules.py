"""When schedules come due; that each time is decided upon once, whoever comes to it."""

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from training_service import Training

from shared_lib.contracts.verdicts import Verdict
from shared_lib.faults import CRASH_EXIT_CODE
from shared_lib.testing.services import OTHER, TENANT
from svc_training.triggers.errors import ScheduleInvalidError
from svc_training.triggers.schedules import next_time
from svc_training.triggers.sweep import ScheduleSweep

SWEEP = """
import sys
from datetime import datetime
from svc_training.settings import TrainingSettings
from svc_training.triggers.sweep import ScheduleSweep
from svc_training.worker import runtime
at = datetime.fromisoformat(sys.argv[1])
ScheduleSweep(clock=lambda: at)(runtime(TrainingSettings()))
"""

START = datetime(2000, 1, 1, tzinfo=UTC)
moments = st.timedeltas(timedelta(0), timedelta(days=36500)).map(START.__add__)
numbers = st.integers(0, 99).map(str)
words = st.sampled_from(
    ["*", "*/5", "1-5", "1,15", "MON", "JAN", "L", "LW", "MON#5", "5L", "/", "-"]
)
schedules = st.lists(words | numbers, min_size=5, max_size=5).map(" ".join)


@given(schedules | st.text(max_size=100), moments)
def test_there_is_a_next_time_or_the_words_are_refused(schedule: str, after: datetime) -> None:
    try:
        found = next_time(schedule, after=after)
    except ScheduleInvalidError:
        return
    assert found > after
    assert (found.second, found.microsecond, found.tzinfo) == (0, 0, UTC)
    # Nothing lies between: whoever looks later, but before it, finds the same.
    assert next_time(schedule, after=after + (found - after) / 2) == found
    assert next_time(schedule, after=found) > found


@pytest.mark.parametrize(
    ("schedule", "at"),
    [
        ("0 6 * * 1", "2026-01-05T06:00Z"),
        ("*/15 * * * *", "2026-01-01T00:15Z"),
        ("30 0 L * *", "2026-01-31T00:30Z"),
        ("0 0 29 2 *", "2028-02-29T00:00Z"),
    ],
)
def test_schedules_are_read_as_cron_reads_them(schedule: str, at: str) -> None:
    after = datetime(2026, 1, 1, tzinfo=UTC)
    assert next_time(schedule, after=after) == datetime.fromisoformat(at)


def make_trigger(training: Training, **more: Any) -> Any:
    body = {"dataset": "sales", "pipeline": "small", "schedule": "0 6 * * 1"} | more
    answer = training.ask("POST", "/v1/triggers", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def due(training: Training) -> datetime:
    (trigger,) = training.get("/v1/triggers")["items"]
    return datetime.fromisoformat(trigger["next_at"])


def pass_time(training: Training, *, until: datetime) -> None:
    ScheduleSweep(clock=lambda: until)(training.runtime)


def decided(training: Training) -> list[Any]:
    items = training.get("/v1/triggers/decisions")["items"]
    return [(each["rule"], each["train"]) for each in reversed(items)]


def test_a_schedule_asks_about_the_newest_judged_version(training: Training) -> None:
    trigger = make_trigger(training, min_rows=15)
    first = due(training)
    assert (first.weekday(), first.hour, trigger["on_new_data"]) == (0, 6, False)
    pass_time(training, until=first)
    assert (decided(training), due(training)) == ([], first + timedelta(days=7))

    training.good("sales", rows=10)
    pass_time(training, until=first + timedelta(days=7, seconds=-1))
    assert decided(training) == []
    # Two supervisors come to it at once; nobody was there for the five times before.
    late, both = first + timedelta(days=40), threading.Barrier(2)

    def clock() -> datetime:
        both.wait(timeout=30)
        return late

    sweeps = [
        threading.Thread(target=ScheduleSweep(clock=clock), args=[training.runtime])
        for _ in range(2)
    ]
    for sweep in sweeps:
        sweep.start()
    for sweep in sweeps:
        sweep.join()
    assert decided(training) == [("scheduled", True)]
    assert due(training) == first + timedelta(days=42)
    (decision,) = training.get("/v1/triggers/decisions")["items"]
    assert datetime.fromisoformat(decision["due_at"]) == first + timedelta(days=7)
    job = training.ended(decision["training_job_id"])
    assert job["state"] == "succeeded", job["error"]

    for number, rows in ((None, 0), (2, 10), (3, 10)):
        if number:
            training.good("sales", rows=rows, number=number)
        pass_time(training, until=due(training))
    bad = training.publish("sales", {"a": [1]}, number=4)
    training.judge(bad, Verdict.FAILED)
    training.publish("sales", {"a": [1]}, number=5)  # its suites have not answered
    pass_time(training, until=due(training))
    assert decided(training)[1:] == [
        ("nothing_new", False),
        ("rows_since_last", False),
        ("scheduled", True),
        ("gate_failed", False),
    ]
    told = [e["payload"] for e in training.events("training.decided") if e["payload"]["decisions"]]
    assert [each["decisions"][0]["rule"] for each in told] == [r for r, _ in decided(training)]
    assert told[1]["table_version_id"] == told[0]["table_version_id"]


def test_a_supervisor_that_dies_between_taking_and_deciding_has_done_neither(
    training: Training,
) -> None:
    make_trigger(training, min_interval_s=60)
    training.good("sales")
    at = due(training)
    settings = training.settings
    environment = {
        **os.environ,
        "FLEET_MODE": "embedded",
        "FLEET_DATA": str(settings.data),
        "FLEET_DATABASE__URL": settings.database.url,
        "FLEET_CRASH_AT": "training.schedules.taken",
        "FLEET_CRASH_MARK": str(settings.data / "crashed"),
    }

    def sweep() -> int:
        command = [sys.executable, "-c", SWEEP, at.isoformat()]
        return subprocess.run(command, env=environment, check=False).returncode

    assert sweep() == CRASH_EXIT_CODE
    assert (decided(training), due(training)) == ([], at)
    assert [sweep(), sweep()] == [0, 0]
    assert decided(training) == [("scheduled", True)]


def test_a_trigger_can_be_asked_and_wrong_words_are_refused(light_training: Training) -> None:
    body = {"dataset": "sales", "pipeline": "small", "schedule": "99 * * * *"}
    refused = light_training.ask("POST", "/v1/triggers", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "schedule_invalid")
    assert refused.json()["field"] == "schedule"
    assert "bad minute" in refused.json()["detail"]
    assert "minute 0-59" in refused.json()["detail"]

    trigger = make_trigger(light_training, on_new_data=True, min_interval_s=3600)
    path = f"/v1/triggers/{trigger['id']}/decisions"
    assert light_training.ask("POST", path).json()["code"] == "nothing_judged"
    light_training.good("sales")
    asked = light_training.ask("POST", path, headers={"Idempotency-Key": "k"})
    assert asked.status_code == 201
    (decision,) = asked.json()["items"]
    assert (decision["rule"], decision["train"], decision["due_at"]) == ("asked", True, None)
    again = light_training.ask("POST", path, headers={"Idempotency-Key": "k"})
    assert again.json() == asked.json()
    assert decided(light_training) == [("first", True), ("asked", True)]

    assert light_training.ask("POST", path, tenant=OTHER).status_code == 404
    at = due(light_training)
    light_training.ask("DELETE", f"/v1/triggers/{trigger['id']}", tenant=TENANT)
    pass_time(light_training, until=at)
    assert len(decided(light_training)) == 2
