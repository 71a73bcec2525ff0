"""Keyset pages: every row once, in order, whatever the page size; only our cursors are taken."""

import base64
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from shared_lib.contracts.base import utc_now
from shared_lib.db import Database, decode_cursor, encode_cursor
from shared_lib.db.pages import InvalidCursorError
from shared_lib.jobs.models import JobRow
from shared_lib.jobs.repository import JobRepository


def job(job_id: str, tenant: str) -> JobRow:
    now = utc_now()
    return JobRow(
        id=job_id,
        tenant=tenant,
        kind="k",
        queue="q",
        state="queued",
        params={},
        run_after=now,
        created_at=now,
        changed_at=now,
    )


@given(
    mine=st.sets(st.integers(0, 99), max_size=25),
    theirs=st.sets(st.integers(100, 199), max_size=10),
    limit=st.integers(1, 30),
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_walking_the_pages_gives_each_row_of_the_tenant_once_newest_first(
    database: Database, mine: set[int], theirs: set[int], limit: int
) -> None:
    with database.write() as unit:
        unit.session.execute(delete(JobRow))
        unit.session.add_all(job(f"job_tr_{n:03}", "a") for n in mine)
        unit.session.add_all(job(f"job_tr_{n:03}", "b") for n in theirs)

    walked, cursor, pages = [], None, 0
    with database.read() as view:
        while pages == 0 or cursor is not None:
            page = JobRepository(view).page(tenant="a", limit=limit, cursor=cursor)
            assert 0 < len(page.rows) <= limit or not mine
            walked += [row.id for row in page.rows]
            cursor, pages = page.next, pages + 1

    assert walked == [f"job_tr_{n:03}" for n in sorted(mine, reverse=True)]


def test_rows_that_come_while_somebody_walks_disturb_no_page(database: Database) -> None:
    with database.write() as unit:
        unit.session.add_all(job(f"job_tr_{n:03}", "a") for n in (10, 20, 30, 40))
    with database.read() as view:
        first = JobRepository(view).page(tenant="a", limit=2, cursor=None)
        assert [row.id[-3:] for row in first.rows] == ["040", "030"]
    with database.write() as unit:
        unit.session.add_all(job(f"job_tr_{n:03}", "a") for n in (50, 35))
    with database.read() as view:
        second = JobRepository(view).page(tenant="a", limit=2, cursor=first.next)

    assert [row.id[-3:] for row in second.rows] == ["020", "010"]
    assert second.next is None


def test_another_tenants_row_is_as_missing_as_none(database: Database) -> None:
    with database.write() as unit:
        unit.session.add(job("job_tr_1", "a"))
    with database.read() as view:
        assert JobRepository(view).find("job_tr_1", tenant="a") is not None
        assert JobRepository(view).find("job_tr_1", tenant="b") is None
        assert JobRepository(view).find("job_tr_2", tenant="a") is None


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_a_cursor_comes_back(key: str) -> None:
    cursor = encode_cursor(key)

    assert decode_cursor(cursor) == key
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?#% ")


@given(st.text())
def test_what_is_no_cursor_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        key = decode_cursor(text)
    except InvalidCursorError as error:
        assert "Leave it out" in error.detail  # noqa: PT017 - both outcomes are fine
    else:
        assert key.isprintable()


@pytest.mark.parametrize("key", [17, None, ["a"], {"a": 1}, "a\x00b", "ü", "a\nb"])
def test_a_cursor_made_by_hand_is_refused(key: object) -> None:
    made = base64.urlsafe_b64encode(json.dumps(key).encode()).decode()
    with pytest.raises(InvalidCursorError):
        decode_cursor(made)
