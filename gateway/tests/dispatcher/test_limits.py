"""GCRA admits its burst and its rate and not one request more."""

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from gateway.dispatcher.errors import BodyTooLargeError, BusyError, RateLimitedError
from gateway.dispatcher.limits import InFlight, LimitedBody, RateLimiter


class Clock:
    """A clock that stands until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def count_admitted(limiter: RateLimiter, tries: int, bucket: str = "a") -> int:
    admitted = 0
    for _ in range(tries):
        try:
            limiter.admit(bucket)
        except RateLimitedError:
            continue
        admitted += 1
    return admitted


@given(
    rate=st.floats(min_value=0.1, max_value=10_000),
    burst=st.integers(min_value=1, max_value=200),
    pauses=st.lists(st.floats(min_value=0, max_value=5), max_size=60),
)
def test_never_more_than_burst_and_rate(rate: float, burst: int, pauses: list[float]) -> None:
    clock = Clock()
    limiter = RateLimiter("t", rate=rate, burst=burst, clock=clock)

    admitted = count_admitted(limiter, burst + 5)
    assert admitted == burst
    for pause in pauses:
        clock.now += pause
        admitted += count_admitted(limiter, 3)

    assert admitted <= burst + rate * sum(pauses) + 1e-3


@given(rate=st.floats(min_value=0.1, max_value=1000), burst=st.integers(min_value=1, max_value=50))
def test_a_steady_client_at_the_rate_is_never_refused(rate: float, burst: int) -> None:
    clock = Clock()
    limiter = RateLimiter("t", rate=rate, burst=burst, clock=clock)

    for _ in range(100):
        limiter.admit("a")
        clock.now += 1.0000001 / rate


@given(st.integers(min_value=1, max_value=50))
def test_what_remains_is_true(burst: int) -> None:
    limiter = RateLimiter("t", rate=1, burst=burst, clock=Clock())

    remaining = [limiter.admit("a") for _ in range(burst)]

    assert remaining == list(range(burst - 1, -1, -1))


def test_buckets_do_not_share() -> None:
    limiter = RateLimiter("t", rate=1, burst=3, clock=Clock())

    assert count_admitted(limiter, 9, "a") == 3
    assert count_admitted(limiter, 9, "b") == 3


def test_a_refusal_says_when_to_come_again_and_then_it_works() -> None:
    clock = Clock()
    limiter = RateLimiter("t", rate=0.5, burst=1, clock=clock)
    limiter.admit("a")

    with pytest.raises(RateLimitedError) as caught:
        limiter.admit("a")
    wait = int(caught.value.headers["Retry-After"])
    clock.now += wait

    assert wait == 2
    limiter.admit("a")


def test_buckets_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.dispatcher.limits.MAX_TRACKED", 100)
    clock = Clock()
    limiter = RateLimiter("t", rate=10, burst=2, clock=clock)

    for number in range(1000):
        limiter.admit(str(number))
        clock.now += 0.001

    assert len(limiter._empty_at) <= 200


def test_a_route_takes_as_many_as_its_cap() -> None:
    flight = InFlight(2)
    flight.enter("/a")
    flight.enter("/a")
    flight.enter("/b")

    with pytest.raises(BusyError):
        flight.enter("/a")
    flight.leave("/a")

    flight.enter("/a")


async def _read(messages: Iterable[Message], limit: int) -> int:
    source = iter(messages)

    async def receive() -> Message:
        return next(source)

    body = LimitedBody(receive, limit=limit, idle_s=5)
    while not body.complete:
        await body()
    return body.size


@given(st.lists(st.binary(max_size=50), max_size=20), st.integers(min_value=0, max_value=400))
def test_a_body_is_read_to_the_limit_and_not_beyond(pieces: list[bytes], limit: int) -> None:

    messages: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
    ]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    total = sum(map(len, pieces))

    if total <= limit:
        assert asyncio.run(_read(messages, limit)) == total
        return
    with pytest.raises(BodyTooLargeError):
        asyncio.run(_read(messages, limit))
