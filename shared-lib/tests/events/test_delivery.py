"""Outbox and inbox: at least once on the wire, once in effect, in order while all goes well."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sample_service.models import HeardRow
from sqlalchemy import select, update

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.events import JOB_CHANGED, Event, EventSpec, JobChanged
from shared_lib.contracts.jobs import JobState, JobSummary
from shared_lib.contracts.services import ServiceName
from shared_lib.db import Database, WriteUnit
from shared_lib.doorbell import SilentDoorbell
from shared_lib.events import delivery as delivery_module
from shared_lib.events import emit, receive
from shared_lib.events.courier import Courier
from shared_lib.events.delivery import Delivery
from shared_lib.events.inbox import UnknownEventError
from shared_lib.events.models import OutboxRow
from shared_lib.testing.waiting import wait_until


def payload(job_id: str) -> JobChanged:
    job = JobSummary(
        id=job_id,
        kind="k",
        service="svc-training",
        state=JobState.QUEUED,
        created_at=utc_now(),
    )
    return JobChanged(job=job, revision=1)


def write(database: Database, *job_ids: str, spec: EventSpec = JOB_CHANGED) -> None:
    with database.write() as unit:
        for job_id in job_ids:
            emit(
                unit,
                spec=spec,
                payload=payload(job_id),
                producer=ServiceName.TRAINING,
                tenant="tn_a",
                flow_id=None,
                doorbell=SilentDoorbell(),
            )


def hear(unit: WriteUnit, event: Event, changed: Any) -> None:
    unit.session.add(
        HeardRow(event_id=event.id, job_id=changed.job.id, state="x", revision=changed.revision)
    )


class Subscriber:
    """The other end of the wire; `answers` are given before it takes an event."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.answers: list[httpx.Response | Exception] = []
        self.refuses: dict[str, httpx.Response | Exception] = {}
        self.asked: list[str] = []

    def post(
        self, _target: ServiceName, _path: str, _tenant: str, _flow: str | None, body: Any
    ) -> httpx.Response:
        event = Event.model_validate(body)
        job_id = str(event.payload["job"]["id"])  # type: ignore[index,call-overload]
        self.asked.append(job_id)
        answer = self.refuses.get(job_id) or (self.answers.pop(0) if self.answers else None)
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return answer
        with self.database.write() as unit:
            receive(unit, event=event, handlers={"job.changed": hear})
        return httpx.Response(200)

    @property
    def heard(self) -> list[str]:
        with self.database.read() as view:
            return list(view.session.scalars(select(HeardRow.job_id).order_by(HeardRow.id)))


@pytest.fixture
def subscriber(database: Database) -> Subscriber:
    return Subscriber(database)


@pytest.fixture
def delivery(database: Database, subscriber: Subscriber) -> Delivery:
    return Delivery(database, post=subscriber.post)


def left(database: Database) -> list[OutboxRow]:
    with database.read() as view:
        rows = list(view.session.scalars(select(OutboxRow).order_by(OutboxRow.id)))
        view.session.expunge_all()
        return rows


def due_again(database: Database) -> None:
    with database.write() as unit:
        unit.session.execute(update(OutboxRow).values(next_attempt_at=utc_now()))


def test_events_arrive_in_order_and_their_rows_go(
    database: Database, delivery: Delivery, subscriber: Subscriber
) -> None:
    names = [f"j{n:03}" for n in range(120)]
    write(database, *names)
    while delivery.run_once():
        pass

    assert subscriber.heard == subscriber.asked == names
    assert left(database) == []


def test_a_unit_that_is_rolled_back_emits_nothing(database: Database) -> None:
    with pytest.raises(KeyError), database.write() as unit:  # noqa: PT012 - the block is one unit
        emit(
            unit,
            spec=JOB_CHANGED,
            payload=payload("j"),
            producer=ServiceName.TRAINING,
            tenant="tn_a",
            flow_id=None,
            doorbell=SilentDoorbell(),
        )
        raise KeyError

    assert left(database) == []


def test_a_payload_of_another_event_is_refused_at_once(database: Database) -> None:
    other = EventSpec(name="x", schema_version=1, payload=JobSummary, subscribers=())
    with pytest.raises(TypeError):
        write(database, "j", spec=other)


def test_an_answer_that_is_lost_makes_a_second_try_and_no_second_effect(
    database: Database, delivery: Delivery, subscriber: Subscriber, monkeypatch: Any
) -> None:
    class PowerCutError(Exception):
        pass

    def cut(name: str) -> None:
        if name == "events.delivery.answered":
            raise PowerCutError

    write(database, "j")
    with monkeypatch.context() as patch, pytest.raises(PowerCutError):  # noqa: PT012 - the block is one unit
        patch.setattr(delivery_module, "crash_point", cut)
        delivery.run_once()
    assert len(left(database)) == 1
    due_again(database)

    assert delivery.run_once() == 1
    assert subscriber.asked == ["j", "j"]
    assert subscriber.heard == ["j"]


def test_the_same_event_many_times_at_once_has_one_effect(
    database: Database, subscriber: Subscriber
) -> None:
    write(database, "j")
    (row,) = left(database)
    begin = threading.Barrier(6)

    def post(_: int) -> int:
        begin.wait()
        return subscriber.post(ServiceName.INGEST, "", "", None, row.event).status_code

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(post, range(6))) == [200] * 6
    assert subscriber.heard == ["j"]


@pytest.mark.parametrize("status", [400, 401, 409, 422, 500])
def test_a_refused_event_waits_alone(
    database: Database, delivery: Delivery, subscriber: Subscriber, status: int
) -> None:
    write(database, "a", "b", "c")
    subscriber.refuses["b"] = httpx.Response(status, text="no")
    assert delivery.run_once() == 2

    assert subscriber.heard == ["a", "c"]
    (row,) = left(database)
    assert (row.attempts, row.last_error) == (1, f"{status}: no")
    assert row.next_attempt_at > utc_now()

    subscriber.refuses.clear()
    due_again(database)
    assert delivery.run_once() == 1
    assert subscriber.heard == ["a", "c", "b"]


@pytest.mark.parametrize(
    "silence", [httpx.ConnectError("nobody"), httpx.ReadTimeout("slow"), httpx.Response(503)]
)
def test_a_subscriber_that_is_away_gets_all_in_order_once_it_is_back(
    database: Database, delivery: Delivery, subscriber: Subscriber, silence: Any
) -> None:
    write(database, "a", "b", "c")
    subscriber.answers = [silence]
    assert delivery.run_once() == 0

    # One question tells that nobody is there; the others were not sent.
    assert subscriber.asked == ["a"]
    assert delivery.due() == []
    assert [row.attempts for row in left(database)] == [1, 0, 0]

    wait_until(lambda: delivery.due() == ["svc-ingest"], what="the next question")
    assert delivery.run_once() == 3
    assert subscriber.heard == ["a", "b", "c"]


def test_an_event_that_silences_its_subscriber_each_time_holds_up_nobody_for_ever(
    database: Database, delivery: Delivery, subscriber: Subscriber, monkeypatch: Any
) -> None:
    silence_s = delivery_module.LONGEST_SILENCE_S
    monkeypatch.setattr(
        delivery_module,
        "_backoff",
        lambda _tries, *, longest_s: 60.0 if longest_s > silence_s else 0.05,
    )
    write(database, "poison", "b")
    subscriber.refuses["poison"] = httpx.ReadTimeout("never")
    monkeypatch.setattr(delivery_module, "PATIENCE", 2)
    for _ in range(4):
        wait_until(delivery.due, what="the next question")
        delivery.run_once()

    assert subscriber.heard == ["b"]
    assert subscriber.asked == ["poison", "poison", "poison", "b"]


def test_two_deliverers_share_rows_and_deliver_each_once(
    database: Database, subscriber: Subscriber
) -> None:
    names = [f"j{n:03}" for n in range(60)]
    write(database, *names)
    both = [Delivery(database, post=subscriber.post) for _ in range(2)]
    begin = threading.Barrier(2)

    def deliver(one: Delivery) -> None:
        begin.wait()
        while left(database):
            one.run_once()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(deliver, both))

    assert sorted(subscriber.asked) == names
    assert sorted(subscriber.heard) == names


def test_stopping_gives_back_what_was_not_tried(
    database: Database, delivery: Delivery, subscriber: Subscriber
) -> None:
    write(database, "a", "b")
    assert delivery.run_once(stopped=lambda: bool(subscriber.asked)) == 1

    (row,) = left(database)
    assert (row.attempts, row.event["payload"]["job"]["id"]) == (0, "b")
    assert row.next_attempt_at <= utc_now()


def test_a_slow_subscriber_of_one_service_delays_no_other(open_database: Any) -> None:
    slow_database, quick_database = open_database("sqlite"), open_database("sqlite")
    held, entered = threading.Event(), threading.Event()
    quick = Subscriber(quick_database)

    def slow_post(*_: object) -> httpx.Response:
        entered.set()
        held.wait()
        return httpx.Response(200)

    deliveries = [
        Delivery(slow_database, post=slow_post),
        Delivery(quick_database, post=quick.post),
    ]
    courier = Courier(deliveries, poll_s=0.02)
    courier.start()
    try:
        write(slow_database, "s")
        entered.wait()
        write(quick_database, "a", "b")
        courier.ring()
        wait_until(lambda: quick.heard == ["a", "b"], what="the events of the quick one")
        assert len(left(slow_database)) == 1
    finally:
        held.set()
        courier.stop()

    assert left(slow_database) == []


def test_a_courier_outlives_a_database_that_is_away(open_database: Any) -> None:
    quick = Subscriber(open_database("sqlite"))
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    courier = Courier(
        [Delivery(away, post=quick.post), Delivery(quick.database, post=quick.post)], poll_s=0.02
    )
    courier.start()
    write(quick.database, "a")
    wait_until(lambda: quick.heard == ["a"], what="the event of the one that is fine")
    courier.stop()


@pytest.mark.parametrize(
    "change",
    [{"name": "nobody.knows"}, {"schema_version": 9}, {"payload": {"job": {"id": "j"}}}],
)
def test_what_is_not_understood_is_refused_and_not_remembered(
    database: Database, subscriber: Subscriber, change: dict[str, Any]
) -> None:
    write(database, "j")
    (row,) = left(database)
    with pytest.raises(UnknownEventError):
        subscriber.post(ServiceName.INGEST, "", "", None, row.event | change)

    assert subscriber.post(ServiceName.INGEST, "", "", None, row.event).status_code == 200
    assert subscriber.heard == ["j"]


def test_an_effect_that_fails_is_not_remembered_as_taken(database: Database) -> None:
    def broken(_unit: WriteUnit, _event: Event, _payload: Any) -> None:
        raise KeyError

    write(database, "j")
    (row,) = left(database)
    event = Event.model_validate(row.event)
    with pytest.raises(KeyError), database.write() as unit:
        receive(unit, event=event, handlers={"job.changed": broken})
    with database.write() as unit:
        assert receive(unit, event=event, handlers={"job.changed": hear})
    with database.write() as unit:
        assert not receive(unit, event=event, handlers={"job.changed": hear})
