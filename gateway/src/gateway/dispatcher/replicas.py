"""Several replicas of one service behind its name: the least busy one is asked, the sick ones not.

A host that resolves to several addresses is that many replicas (DNS round robin of compose,
headless services of Kubernetes), and so is each address of a list. Every replica is asked for its
readiness once a second; one that takes no connection is left out until it is ready again. When all
are out, all are asked: a health check must not be what takes the fleet down.

What may be tried again elsewhere: anything that was never sent; and, until the first byte of an
answer, what has the same effect twice (RFC 9110, section 9.2.2, and requests with an
Idempotency-Key). Retries come out of a budget, so that a struggling service is not asked double.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

from starlette.types import Message, Receive, Scope, Send

from gateway.dispatcher.calls import call_plainly
from gateway.dispatcher.errors import BadGatewayError, ConnectTimeoutError, ServiceAwayError
from gateway.dispatcher.upstream import Upstream
from shared_lib.contracts.errors import FleetError

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
READY_WITHIN_S = 2.0
KEPT_BODY_BYTES = 64 * 1024
EARNED_A_REQUEST = 0.2
MOST_RETRIES = 100.0
FIRST_RETRIES = 10.0

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})

Connect = Callable[[str], Upstream]
"""Makes the upstream of one base address."""


@dataclass(eq=False, slots=True)
class Replica:
    """One process that answers for the service."""

    address: str
    upstream: Upstream
    in_flight: int = 0
    ready: bool = True
    turn: int = 0


class ReplicatedUpstream:
    """Calls a service of several replicas.

    Args:
        addresses: base addresses, `http://host:port`.
        name: how errors and logs name the service.
        connect: makes the upstream of one address.
        look_every_s: seconds between two looks at addresses and readiness.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        *,
        name: str,
        connect: Connect,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._addresses = tuple(addresses)
        self._name = name
        self._connect = connect
        self._look_every_s = look_every_s
        self._replicas: list[Replica] = []
        self._leaving: list[Replica] = []
        self._turns = count(1)
        self._retries = FIRST_RETRIES
        self._look: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Find the replicas and begin to look after them."""
        await self._find_replicas()
        self._look = asyncio.create_task(self._look_after())

    async def close(self) -> None:
        """Close all connections."""
        if self._look is not None:
            self._look.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._look
            self._look = None
        for replica in [*self._replicas, *self._leaving]:
            await replica.upstream.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward one request to the least busy replica, and to another one where that is safe.

        Raises:
            FleetError: no replica answered; what the last one that was tried did.
        """
        self._retries = min(self._retries + EARNED_A_REQUEST, MOST_RETRIES)
        attempt = _Attempt(scope, receive, send)
        if attempt.keyed:
            await attempt.keep_body()
        tried: list[Replica] = []
        while True:
            replica = self._pick(tried)
            if replica is None:
                raise ServiceAwayError(
                    f"{self._name} cannot be reached. Try again in a few seconds.",
                    headers={"Retry-After": "1"},
                )
            tried.append(replica)
            try:
                await self._ask(replica, attempt)
            except (ServiceAwayError, ConnectTimeoutError, BadGatewayError) as error:
                if not isinstance(error, BadGatewayError):
                    replica.ready = False
                if not self._may_retry(attempt, error, tried=tried):
                    raise
                logger.info("%s: trying another replica: %s", self._name, error.detail)
            else:
                return

    async def _ask(self, replica: Replica, attempt: "_Attempt") -> None:
        replica.in_flight += 1
        try:
            await replica.upstream(attempt.scope(), attempt.receive, attempt.send)
        finally:
            replica.in_flight -= 1

    def _pick(self, tried: list[Replica]) -> Replica | None:
        """The ready replica with the fewest open requests; among equals, the longest unasked."""
        fresh = [each for each in self._replicas if each not in tried]
        ready = [each for each in fresh if each.ready] or fresh
        if not ready:
            return None
        chosen = min(ready, key=lambda each: (each.in_flight, each.turn))
        chosen.turn = next(self._turns)
        return chosen

    def _may_retry(self, attempt: "_Attempt", error: FleetError, *, tried: list[Replica]) -> bool:
        unsent = not isinstance(error, BadGatewayError) and not attempt.body_begun
        safe = unsent or attempt.repeatable
        others = len(tried) < len(self._replicas)
        if attempt.answered or not safe or not others or self._retries < 1:
            return False
        self._retries -= 1
        attempt.rewind()
        return True

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(self._look_every_s)
            try:
                await self._find_replicas()
                await asyncio.gather(*(self._check(each) for each in self._replicas))
                await self._close_left()
            except Exception:
                # Whatever it was, nobody else would look again.
                logger.exception("%s: looking after the replicas failed", self._name)

    async def _check(self, replica: Replica) -> None:
        ready = False
        with contextlib.suppress(FleetError, TimeoutError, OSError):
            async with asyncio.timeout(READY_WITHIN_S):
                ready = (await call_plainly(replica.upstream, "/readyz")).status == 200
        if ready != replica.ready:
            logger.info("%s: %s is %s", self._name, replica.address, "ready" if ready else "out")
        replica.ready = ready

    async def _find_replicas(self) -> None:
        found = await asyncio.gather(*(resolve(address) for address in self._addresses))
        addresses = list(dict.fromkeys(each for one in found for each in one))
        known = {replica.address for replica in self._replicas}
        if not addresses or set(addresses) == known:
            # Where names cannot be resolved for a moment, the known replicas are asked further.
            return
        self._leaving += [each for each in self._replicas if each.address not in addresses]
        staying = [each for each in self._replicas if each.address in addresses]
        for address in addresses:
            if address not in known:
                upstream = self._connect(address)
                await upstream.start()
                staying.append(Replica(address, upstream))
        self._replicas = staying

    async def _close_left(self) -> None:
        for replica in [each for each in self._leaving if each.in_flight == 0]:
            self._leaving.remove(replica)
            await replica.upstream.close()


class _Attempt:
    """One request that may go out more than once."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._kept: list[Message] | None = None
        self._given = 0
        self.answered = False
        self.body_begun = False
        headers = dict(scope["headers"])
        self._length = int(headers.get(b"content-length", b"0"))
        self._chunked = b"transfer-encoding" in headers
        self._has_key = b"idempotency-key" in headers

    @property
    def keyed(self) -> bool:
        """Whether its body is small and its key makes a second copy harmless."""
        return self._has_key and not self._chunked and 0 < self._length <= KEPT_BODY_BYTES

    @property
    def repeatable(self) -> bool:
        """Whether two copies have the effect of one, and a second copy can be made."""
        if self._kept is not None:
            return True
        bodiless = self._length == 0 and not self._chunked
        return bodiless and (self._has_key or self._scope["method"] in _IDEMPOTENT)

    def scope(self) -> Scope:
        """A copy for one try."""
        return {**self._scope, "headers": list(self._scope["headers"])}

    async def keep_body(self) -> None:
        """Read the whole body now, to be able to send it again."""
        kept, more = [], True
        while more:
            message = await self._receive()
            kept.append(message)
            more = message["type"] == "http.request" and message.get("more_body", False)
        self._kept = kept

    def rewind(self) -> None:
        """Begin again with the body's first byte."""
        self._given = 0
        self.body_begun = False

    async def receive(self) -> Message:
        """The next piece of the body."""
        self.body_begun = True
        if self._kept is not None and self._given < len(self._kept):
            self._given += 1
            return self._kept[self._given - 1]
        return await self._receive()

    async def send(self, message: Message) -> None:
        """Pass on what the replica answers."""
        self.answered = True
        await self._send(message)


async def resolve(address: str) -> list[str]:
    """The base addresses behind one: a host's every address, or none when it has none just now.

    A host with addresses of both families is taken by its IPv4 ones: they are the same processes.
    """
    parts = urlsplit(address)
    port = parts.port or 80
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            parts.hostname, port, type=socket.SOCK_STREAM
        )
    except OSError:
        return []
    ipv4 = {str(info[4][0]) for info in found if info[0] == socket.AF_INET}
    ipv6 = {f"[{info[4][0]}]" for info in found if info[0] == socket.AF_INET6}
    return [f"http://{host}:{port}" for host in sorted(ipv4 or ipv6)]
