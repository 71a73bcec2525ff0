"""Idempotency records: the answer and its effect are kept together or not at all."""

import threading
from datetime import timedelta

import pytest
from sample_service.models import EffectRow
from sqlalchemy import select, update

from shared_lib.contracts.base import utc_now
from shared_lib.db import Database, WriteUnit
from shared_lib.db.idempotency import (
    EffectExistsError,
    IdempotencyKeyReusedError,
    IdempotencyRecord,
    find_answer,
    forget_old_answers,
    keep_answer,
)

ANSWER = {"id": "x"}


def keep(unit: WriteUnit, key: str = "k", *, tenant: str = "a", fingerprint: str = "f") -> None:
    keep_answer(
        unit,
        tenant=tenant,
        key=key,
        fingerprint=fingerprint,
        status=201,
        body=ANSWER,
        location="/v1/x",
    )


def test_an_answer_is_found_by_its_own_request_only(database: Database) -> None:
    with database.write() as unit:
        keep(unit)
    with database.read() as view:
        found = find_answer(view, tenant="a", key="k", fingerprint="f")
        assert found is not None
        assert (found.status, found.body, found.location) == (201, ANSWER, "/v1/x")
        assert find_answer(view, tenant="a", key="other", fingerprint="f") is None
        assert find_answer(view, tenant="b", key="k", fingerprint="f") is None
        with pytest.raises(IdempotencyKeyReusedError):
            find_answer(view, tenant="a", key="k", fingerprint="g")


def test_an_effect_that_fails_leaves_no_answer(database: Database) -> None:
    with pytest.raises(KeyError), database.write() as unit:  # noqa: PT012 - the block is one unit
        keep(unit)
        raise KeyError
    with database.read() as view:
        assert find_answer(view, tenant="a", key="k", fingerprint="f") is None


def test_of_two_at_the_same_moment_one_has_the_effect(database: Database) -> None:
    both = threading.Barrier(2)
    outcomes: list[str] = []

    def request() -> None:
        both.wait()
        try:
            with database.write() as unit:
                if find_answer(unit, tenant="a", key="k", fingerprint="f") is None:
                    unit.session.add(EffectRow(job_id="j", fence=1))
                    keep(unit)
                    outcomes.append("did")
                else:
                    outcomes.append("replayed")
        except EffectExistsError:
            outcomes.append("in use")

    threads = [threading.Thread(target=request) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("did") == 1
    with database.read() as view:
        assert len(view.session.scalars(select(EffectRow)).all()) == 1


def test_old_answers_are_forgotten(database: Database) -> None:
    with database.write() as unit:
        keep(unit, "old")
        keep(unit, "new")
        unit.session.execute(
            update(IdempotencyRecord)
            .where(IdempotencyRecord.key == "old")
            .values(created_at=utc_now() - timedelta(days=3))
        )
    with database.write() as unit:
        forget_old_answers(unit)
    with database.read() as view:
        assert view.session.scalars(select(IdempotencyRecord.key)).all() == ["new"]
