"""Units of work on both databases."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_service.models import EffectRow
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.errors import NoSpaceError, UnavailableError
from shared_lib.db import Database
from shared_lib.db.engine import ValueNotStorableError
from shared_lib.events.models import InboxRow
from shared_lib.jobs.models import JobEntryRow

OpenDatabase = Callable[[str], Database]


def count(database: Database, model: type = EffectRow) -> int:
    with database.read() as view:
        return view.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_unit_that_ends_well_is_kept_and_tells_it_afterwards(database: Database) -> None:
    seen: list[int] = []
    with database.write() as unit:
        unit.session.add(EffectRow(job_id="a", fence=1))
        unit.after_commit(lambda: seen.append(count(database)))
        assert seen == []

    assert seen == [1]


def test_a_callback_given_twice_is_called_once(database: Database) -> None:
    seen: list[int] = []

    def callback() -> None:
        seen.append(1)

    with database.write() as unit:
        unit.after_commit(callback)
        unit.after_commit(callback)

    assert seen == [1]


def test_a_unit_that_raises_leaves_nothing_and_tells_nobody(database: Database) -> None:
    seen: list[str] = []
    with pytest.raises(KeyError), database.write() as unit:  # noqa: PT012 - the block is one unit
        unit.session.add(EffectRow(job_id="a", fence=1))
        unit.session.flush()
        unit.after_commit(lambda: seen.append("told"))
        raise KeyError("x")

    assert count(database) == 0
    assert seen == []


def test_a_failing_commit_tells_nobody(database: Database) -> None:
    seen: list[str] = []
    with pytest.raises(DBAPIError), database.write() as unit:  # noqa: PT012 - the block is one unit
        unit.session.add(EffectRow(job_id=None, fence=1))
        unit.after_commit(lambda: seen.append("told"))

    assert seen == []


def test_a_read_view_cannot_write(database: Database) -> None:
    # SQLite's refusal looks like a database that is away; what counts is that it refuses.
    with pytest.raises((DBAPIError, UnavailableError)), database.read() as view:  # noqa: PT012 - the block is one unit
        view.session.add(EffectRow(job_id="a", fence=1))
        view.session.flush()

    assert count(database) == 0
    with database.write() as unit:
        unit.session.add(EffectRow(job_id="a", fence=1))
    assert count(database) == 1


def test_write_units_add_up_whoever_writes(database: Database) -> None:
    """Read, then write in the same unit: the pattern that loses updates or deadlocks."""
    with database.write() as unit:
        unit.session.add(EffectRow(id=1, job_id="a", fence=0))

    def work() -> None:
        for _ in range(10):
            with database.write() as unit:
                query = select(EffectRow).where(EffectRow.id == 1).with_for_update()
                row = unit.session.scalars(query).one()
                row.fence += 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with database.read() as view:
        assert view.session.scalars(select(EffectRow.fence)).all() == [80]


def test_sqlite_takes_the_write_lock_at_the_start_of_a_unit(open_database: OpenDatabase) -> None:
    database = open_database("sqlite")
    entered, order = threading.Event(), []

    def second() -> None:
        entered.set()
        with database.write():
            order.append("second")

    thread = threading.Thread(target=second)
    with database.write():
        thread.start()
        entered.wait()
        with database.read() as view:
            # Readers do not wait for a writer.
            assert view.session.scalar(text("SELECT 1")) == 1
        order.append("first")
    thread.join()

    assert order == ["first", "second"]


def test_sqlite_is_durable_and_checks_references(open_database: OpenDatabase) -> None:
    database = open_database("sqlite")
    with database.read() as view:
        ask = view.session.scalar
        assert ask(text("PRAGMA journal_mode")) == "wal"
        assert ask(text("PRAGMA synchronous")) == 2
        assert ask(text("PRAGMA foreign_keys")) == 1


@given(
    at=st.datetimes(
        min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
        max_value=datetime(9000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
        timezones=st.timezones() | st.just(UTC),
        allow_imaginary=False,
    )
)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_moment_comes_back_as_the_same_moment_in_utc(database: Database, at: datetime) -> None:
    with database.write() as unit:
        unit.session.merge(InboxRow(event_id="x", name="n", received_at=at))
    with database.read() as view:
        back = view.session.scalars(select(InboxRow.received_at)).one()

    # In UTC: Python calls moments of two zones unequal when one falls into a clock change.
    assert back == at.astimezone(UTC)
    assert back.utcoffset() == timedelta(0)


def test_times_without_a_zone_are_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="zone"), database.write() as unit:
        unit.session.add(InboxRow(event_id="x", name="n", received_at=datetime(2020, 1, 1)))  # noqa: DTZ001 - the point


def test_moments_of_other_zones_compare_as_moments(database: Database) -> None:
    east = timezone(timedelta(hours=9))
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    with database.write() as unit:
        unit.session.add(InboxRow(event_id="x", name="n", received_at=noon.astimezone(east)))
    with database.read() as view:
        before = select(InboxRow.event_id).where(InboxRow.received_at < noon + timedelta(seconds=1))
        assert view.session.scalars(before).all() == ["x"]
        after = select(InboxRow.event_id).where(InboxRow.received_at > noon)
        assert view.session.scalars(after).all() == []


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(value=st.dictionaries(st.text(), JSON_VALUES, max_size=4))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_json_comes_back_except_what_no_database_takes(database: Database, value: dict) -> None:
    with database.write() as unit:
        row = JobEntryRow(job_id="j", name="n", data=value, at=utc_now())
        unit.session.add(row)
        unit.session.flush()
        row_id = row.id
    with database.read() as view:
        assert view.session.get(JobEntryRow, row_id).data == tidy(value)


def tidy(value: object) -> object:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [tidy(each) for each in value]
    if isinstance(value, dict):
        return {tidy(key): tidy(each) for key, each in value.items()}
    return value


def test_a_backslash_before_u0000_stays_what_it_is(database: Database) -> None:
    test_json_comes_back_except_what_no_database_takes.hypothesis.inner_test(
        database, {"a": "\\u0000", "b": "\\\x00", "c": "\\\\u0000\x00"}
    )


def test_what_does_not_fit_is_the_callers_fault(database: Database) -> None:
    with pytest.raises(ValueNotStorableError), database.write() as unit:
        unit.session.add(EffectRow(job_id="a", fence=2**70))


def test_postgresql_refuses_nul_in_a_text_with_a_422(open_database: OpenDatabase) -> None:
    with pytest.raises(ValueNotStorableError) as caught, open_database("postgresql").read() as view:
        view.session.scalar(select(EffectRow.id).where(EffectRow.job_id == "a\x00b"))

    assert caught.value.status == 422


def test_a_database_that_is_away_is_503_with_a_hint() -> None:
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(UnavailableError) as caught, database.read() as view:
        view.session.scalar(text("SELECT 1"))

    assert caught.value.headers["Retry-After"]


def test_a_full_disk_is_507_and_the_next_unit_works(open_database: OpenDatabase) -> None:
    database = open_database("sqlite")
    with pytest.raises(NoSpaceError), database.write() as unit:  # noqa: PT012 - the block is one unit
        connection = unit.session.connection()
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        for number in range(100):
            unit.session.add(EffectRow(job_id="x" * 4000, fence=number))
            unit.session.flush()
    database.dispose()

    with database.write() as unit:
        unit.session.add(EffectRow(job_id="a", fence=1))
    assert count(database) == 1


def test_every_connection_busy_is_503_and_not_a_hang(
    open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database("sqlite")
    monkeypatch.setattr(database.engine.pool, "_timeout", 0.05)
    with pytest.raises(UnavailableError), ExitStack() as views:  # noqa: PT012 - the block is one unit
        for _ in range(100):
            views.enter_context(database.read()).session.scalar(text("SELECT 1"))


def test_an_operational_error_keeps_its_cause(open_database: OpenDatabase) -> None:
    with pytest.raises(UnavailableError) as caught, open_database("sqlite").read() as view:
        view.session.execute(text("SELECT * FROM nowhere"))

    assert isinstance(caught.value.__cause__, OperationalError)
