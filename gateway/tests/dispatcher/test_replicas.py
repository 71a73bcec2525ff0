"""Several replicas: the least busy is asked, the sick one is not, no effect happens twice."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from gateway.dispatcher.errors import BadGatewayError, ServiceAwayError
from gateway.dispatcher.replicas import FIRST_RETRIES, ReplicatedUpstream, resolve
from shared_lib.contracts.errors import FleetError

ADDRESSES = ("http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3")


class FakeReplica:
    """Answers 200 and remembers what it was sent; fails as it is told to.

    Attributes:
        fails: raised instead of an answer.
        breaks_after: how much it does before `fails`: "nothing", "body" or "start".
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.ready = 200
        self.fails: FleetError | None = None
        self.breaks_after = "nothing"
        self.bodies: list[bytes] = []
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.closed = False

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        self.closed = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/readyz":
            await send({"type": "http.response.start", "status": self.ready, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        if self.fails is not None and self.breaks_after == "nothing":
            raise self.fails
        body, more = b"", bool(scope["headers"])
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.bodies.append(body)
        if self.fails is not None and self.breaks_after == "body":
            raise self.fails
        await self.go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if self.fails is not None:
            raise self.fails
        await send({"type": "http.response.body", "body": self.address.encode()})


class Service:
    """Replicas behind the code under test."""

    def __init__(self, addresses: Sequence[str] = ADDRESSES, *, look_every_s: float = 60) -> None:
        self.replicas: dict[str, FakeReplica] = {}
        self.upstream = ReplicatedUpstream(
            addresses, name="svc-test", connect=self._connect, look_every_s=look_every_s
        )

    def _connect(self, address: str) -> FakeReplica:
        return self.replicas.setdefault(address, FakeReplica(address))

    def __getitem__(self, number: int) -> FakeReplica:
        return self.replicas[ADDRESSES[number]]

    async def ask(
        self, method: str = "GET", *, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> bytes:
        """The body of the answer, which is the address of who answered."""
        given = {"content-length": str(len(body)), **(headers or {})} if body else headers or {}
        pieces = [body[:3], body[3:]] if body else [b""]
        answered: list[Message] = []

        async def receive() -> Message:
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

        async def send(message: Message) -> None:
            answered.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": "/v1/x",
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        }
        await self.upstream(scope, receive, send)
        return b"".join(message.get("body", b"") for message in answered)

    @property
    def asked(self) -> list[int]:
        """How many requests each replica took."""
        return [len(self.replicas[address].bodies) for address in ADDRESSES]


def run(test: Callable[[Service], Awaitable[None]], **options: Any) -> None:
    async def whole() -> None:
        service = Service(**options)
        await service.upstream.start()
        try:
            await test(service)
        finally:
            await service.upstream.close()
        assert all(replica.closed for replica in service.replicas.values())

    asyncio.run(whole())


def test_idle_replicas_are_asked_in_turn() -> None:
    async def test(service: Service) -> None:
        for _ in range(9):
            await service.ask()
        assert service.asked == [3, 3, 3]

    run(test)


def test_a_busy_replica_is_spared() -> None:
    async def test(service: Service) -> None:
        service[0].go_on.clear()
        waiting = asyncio.create_task(service.ask())
        await asyncio.sleep(0)
        for _ in range(4):
            await service.ask()
        assert service.asked == [1, 2, 2]
        service[0].go_on.set()
        await waiting

    run(test)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_was_never_sent_goes_to_another_replica(method: str) -> None:
    async def test(service: Service) -> None:
        service[0].fails = ServiceAwayError("nobody listens")
        body = b"" if method == "GET" else b"abcdef"
        for _ in range(6):
            assert await service.ask(method, body=body) != ADDRESSES[0].encode()
        # After the first failure it is left out until it says that it is ready.
        assert service.asked == [0, 3, 3]
        assert service[1].bodies == [body] * 3

    run(test)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE"])
def test_an_idempotent_request_is_sent_again_where_the_first_broke_off(method: str) -> None:
    async def test(service: Service) -> None:
        service[0].fails, service[0].breaks_after = BadGatewayError("broke off"), "body"
        assert await service.ask(method) == ADDRESSES[1].encode()
        assert service.asked == [1, 1, 0]

    run(test)


def test_a_write_is_not_sent_twice() -> None:
    async def test(service: Service) -> None:
        service[0].fails, service[0].breaks_after = BadGatewayError("broke off"), "body"
        with pytest.raises(BadGatewayError):
            await service.ask("POST", body=b"abcdef")
        assert service.asked == [1, 0, 0]

    run(test)


def test_a_write_with_a_key_is_sent_again_whole() -> None:
    async def test(service: Service) -> None:
        service[0].fails, service[0].breaks_after = BadGatewayError("broke off"), "body"
        key = {"idempotency-key": "once"}
        assert await service.ask("POST", body=b"abcdef", headers=key) == ADDRESSES[1].encode()
        assert (service[0].bodies, service[1].bodies) == ([b"abcdef"], [b"abcdef"])

    run(test)


def test_an_answer_that_has_begun_is_not_begun_again() -> None:
    async def test(service: Service) -> None:
        service[0].fails, service[0].breaks_after = BadGatewayError("broke off"), "start"
        with pytest.raises(BadGatewayError):
            await service.ask()
        assert service.asked == [1, 0, 0]

    run(test)


def test_every_replica_is_tried_once_and_the_last_error_is_told() -> None:
    async def test(service: Service) -> None:
        for number in range(3):
            service[number].fails = ServiceAwayError(f"number {number}")
        with pytest.raises(ServiceAwayError, match="number 2"):
            await service.ask()
        # All are out now: then all are asked all the same.
        service[1].fails = None
        assert await service.ask() == ADDRESSES[1].encode()

    run(test)


def test_retries_end_with_their_budget() -> None:
    async def test(service: Service) -> None:
        for number in (0, 1, 2):
            service[number].fails = BadGatewayError("broke off")
            service[number].breaks_after = "body"
        failed = 0
        while sum(service.asked) < 60:
            with pytest.raises(BadGatewayError):
                await service.ask()
            failed += 1
        retries = sum(service.asked) - failed
        assert FIRST_RETRIES <= retries <= FIRST_RETRIES + 0.2 * failed

    run(test)


def test_a_replica_that_is_not_ready_is_left_out_until_it_is() -> None:
    async def test(service: Service) -> None:
        service[0].ready = 503
        await asyncio.sleep(0.05)
        before = service.asked[0]
        for _ in range(9):
            await service.ask()
        assert service.asked[0] == before
        service[0].ready = 200
        async with asyncio.timeout(10):
            while service.asked[0] == before:
                await asyncio.sleep(0.01)
                await service.ask()

    run(test, look_every_s=0.01)


def test_a_name_is_as_many_replicas_as_it_has_addresses() -> None:
    async def whole() -> None:
        assert await resolve("http://127.0.0.1:8000") == ["http://127.0.0.1:8000"]
        assert await resolve("http://localhost:8000") == ["http://127.0.0.1:8000"]
        assert await resolve("http://[::1]:8000") == ["http://[::1]:8000"]
        assert await resolve("http://no.such.host.invalid:8000") == []

    asyncio.run(whole())


def test_a_service_that_nobody_answers_for_says_when_to_try_again() -> None:
    async def test(service: Service) -> None:
        with pytest.raises(ServiceAwayError) as caught:
            await service.ask()
        assert caught.value.headers == {"Retry-After": "1"}

    run(test, addresses=("http://no.such.host.invalid:8000",))
