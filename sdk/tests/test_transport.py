"""Requests: tried again when it helps, and problems as exceptions."""

import json
from datetime import UTC, datetime

import pytest
from faulty_server import answer, faulty_server

from datafleet import (
    Client,
    ConflictError,
    FleetApiError,
    FleetFailedError,
    InvalidRequestError,
    NotAllowedError,
    RetryPolicy,
    SignInNeededError,
    TooManyRequestsError,
    UnreachableError,
)
from datafleet.errors import error_class
from datafleet.retries import read_retry_after
from shared_lib.testing.processes import free_port

AT_ONCE = RetryPolicy(attempts=3, first_s=0.0)
ME = json.dumps(
    {"subject": "key_1", "tenant": "tn_1", "tenant_name": "a", "role": "owner", "scopes": []}
).encode()


def problem(status: int, **more: object) -> bytes:
    body = {"type": "x", "title": "T", "status": status, "code": "c", "detail": "D.", **more}
    return json.dumps(body).encode()


@pytest.mark.parametrize("status", ["429 Too Many", "502 Bad", "503 Away", "504 Late"])
def test_what_passes_is_tried_again(status: str) -> None:
    answers = [answer(status, b"<html>", Retry_After="0"), b"", answer("200 OK", ME)]
    with faulty_server(answers) as server, Client(server.address, retries=AT_ONCE) as client:
        assert client.whoami().role == "owner"
    assert len(server.requests) == 3


def test_tries_are_bounded() -> None:
    with (
        faulty_server([answer("503 Away", problem(503))] * 5) as server,
        Client(server.address, retries=AT_ONCE) as client,
        pytest.raises(FleetFailedError, match=r"D\."),
    ):
        client.whoami()
    assert len(server.requests) == AT_ONCE.attempts


def test_a_wait_longer_than_the_longest_is_not_waited_for() -> None:
    with (
        faulty_server([answer("429 Too Many", problem(429), Retry_After="3600")]) as server,
        Client(server.address) as client,
        pytest.raises(TooManyRequestsError) as caught,
    ):
        client.whoami()
    assert caught.value.retry_after_s == 3600


def test_writing_is_tried_again_under_the_same_key() -> None:
    made = {"id": "ds_1", "name": "a", "description": "", "versions": 0}
    body = json.dumps({**made, "created_at": "2026-01-01T00:00:00Z"}).encode()
    answers = [
        b"",
        answer("409 Conflict", problem(409), Retry_After="0"),
        answer("201 Created", body),
    ]
    with faulty_server(answers) as server, Client(server.address, retries=AT_ONCE) as client:
        assert client.datasets.create("a").id == "ds_1"
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 1
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidRequestError),
        (401, SignInNeededError),
        (403, NotAllowedError),
        (409, ConflictError),
        (422, InvalidRequestError),
        (500, FleetFailedError),
        (507, FleetFailedError),
    ],
)
def test_a_problem_is_an_exception_and_is_final(status: int, error: type[FleetApiError]) -> None:
    body = problem(status, request_id="req_1", field="name")
    with (
        faulty_server([answer(f"{status} No", body)]) as server,
        Client(server.address, retries=AT_ONCE) as client,
        pytest.raises(error) as caught,
    ):
        client.whoami()
    assert type(caught.value) is error is error_class(status)
    assert caught.value.request_id == "req_1"
    assert caught.value.problem.model_extra == {"field": "name"}
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "foreign",
    [
        answer("200 OK", b"<html>hello</html>"),
        answer("302 Found", b"", Location="http://127.0.0.1:1/"),
        answer("404 Not Found", b"<html>"),
    ],
)
def test_an_answer_of_something_else_is_told_as_such(foreign: bytes) -> None:
    with (
        faulty_server([foreign]) as server,
        Client(server.address, retries=AT_ONCE) as client,
        pytest.raises(FleetApiError, match="is not a fleet's"),
    ):
        client.whoami()


def test_the_key_is_sent_and_not_shown() -> None:
    with (
        faulty_server([answer("200 OK", ME)]) as server,
        Client(server.address, "fleet_x") as client,
    ):
        client.whoami()
        assert "fleet_x" not in repr(client)
    assert server.requests[0].headers["authorization"] == "Bearer fleet_x"


def test_an_address_where_nobody_ever_answered_is_given_up_at_once() -> None:
    with (
        Client(f"http://127.0.0.1:{free_port()}") as client,
        pytest.raises(UnreachableError, match="Nothing listens") as caught,
    ):
        client.whoami()
    assert caught.value.refused


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("Thu, 01 Jan 2026 00:00:10 GMT", 10.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
        ("soon", None),
        ("-1", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert read_retry_after(header, now=datetime(2026, 1, 1, tzinfo=UTC)) == seconds


def test_waits_double_and_are_bounded() -> None:
    policy = RetryPolicy(first_s=1.0, longest_s=5.0)
    for attempt, longest in ((1, 1.0), (2, 2.0), (3, 4.0), (9, 5.0)):
        assert longest / 2 <= policy.wait_s(attempt) <= longest
