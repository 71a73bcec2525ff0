"""A service over HTTP by connections of our own: a third of aiohttp's cost for the same work.

Kept connections are used last in, first out, and not after they have idled for three seconds:
servers close idle ones (uvicorn after five), and a request must not meet a closing one. Where it
does all the same, a request without a body and without side effects is sent once more.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from gateway.dispatcher.connection import ServiceConnection, StaleConnectionError
from gateway.dispatcher.errors import (
    BadGatewayError,
    ConnectTimeoutError,
    GatewayTimeoutError,
    ServiceAwayError,
)
from gateway.dispatcher.upstream import ClientGoneError
from gateway.settings import UpstreamSettings

KEPT_IDLE_S = 3.0
MAX_KEPT = 256
LOOK_EVERY_S = 1.0

_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})
_RETRY = {"Retry-After": "1"}


@dataclass(frozen=True, slots=True)
class _Outgoing:
    """A request as it goes over the wire."""

    head: bytes
    has_body: bool
    chunked: bool


class HttpUpstream:
    """Calls a service.

    Args:
        base_url: `http://host:port`; TLS between members of the fleet is left to the network.
        name: how errors name the service.
    """

    def __init__(self, base_url: str, *, name: str, settings: UpstreamSettings) -> None:
        self._name = name
        self._settings = settings
        self._kept: list[ServiceConnection] = []
        self._open: dict[ServiceConnection, Receive | None] = {}
        self._watchers: dict[ServiceConnection, asyncio.Task[None]] = {}
        self._look: asyncio.Task[None] | None = None
        parts = urlsplit(base_url)
        if parts.scheme != "http" or not parts.hostname or parts.path.strip("/"):
            raise ValueError(f"{base_url}: a service's address looks like http://host:port")
        self.address = (parts.hostname, parts.port or 80)

    async def start(self) -> None:
        """Begin to look after silent and idle connections."""
        self._look = asyncio.create_task(self._look_after())

    async def close(self) -> None:
        """Close all connections."""
        if self._look is not None:
            self._look.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._look
            self._look = None
        for connection in [*self._kept, *self._open]:
            connection.abort()
        self._kept = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward one request.

        Raises:
            ServiceAwayError: no connection could be made.
            GatewayTimeoutError: no byte came for too long.
            BadGatewayError: the service broke off or its answer cannot be used.
            ClientGoneError: nobody waits for the answer any more.
        """
        outgoing = _render(scope)
        connection = self._take_kept() or await self._connect()
        try:
            await self._exchange(connection, outgoing, scope, receive, send)
        except StaleConnectionError as error:
            if outgoing.has_body or scope["method"] not in _REPEATABLE:
                raise BadGatewayError(
                    f"{self._name} closed the connection as the request came; whether it was "
                    "carried out is not known. Send it again with the same Idempotency-Key."
                ) from error
            await self._exchange(await self._connect(), outgoing, scope, receive, send)

    async def _exchange(
        self,
        connection: ServiceConnection,
        outgoing: _Outgoing,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        connection.begin(outgoing.head, method=scope["method"], total_s=self._settings.total_s)
        self._open[connection] = None if outgoing.has_body else receive
        sender: asyncio.Task[None] | None = None
        if outgoing.has_body:
            sender = asyncio.create_task(_send_body(connection, receive, chunked=outgoing.chunked))
        try:
            while connection.status is None:
                await connection.changed()
            await send(
                {
                    "type": "http.response.start",
                    "status": connection.status,
                    "headers": connection.headers,
                }
            )
            while not connection.complete:
                piece = connection.take()
                if piece:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                else:
                    await connection.changed()
            rest = connection.take()
        finally:
            await self._end(connection, sender=sender)
        await send({"type": "http.response.body", "body": rest})

    async def _end(
        self, connection: ServiceConnection, *, sender: asyncio.Task[None] | None
    ) -> None:
        """Stop what belongs to the exchange; keep the connection if it is clean."""
        self._open.pop(connection, None)
        helpers = [task for task in (sender, self._watchers.pop(connection, None)) if task]
        if sender is not None and not sender.done():
            # The answer came before the body's end: what is still sent would be misread.
            connection.reusable = False
        for task in helpers:
            task.cancel()
        if helpers:
            await asyncio.wait(helpers)
        if connection.finish():
            if len(self._kept) < MAX_KEPT:
                self._kept.append(connection)
            else:
                connection.abort()

    def _take_kept(self) -> ServiceConnection | None:
        oldest = asyncio.get_running_loop().time() - KEPT_IDLE_S
        while self._kept:
            connection = self._kept.pop()
            if not connection.closed and connection.idle_since > oldest:
                return connection
            connection.abort()
        return None

    async def _connect(self) -> ServiceConnection:
        loop, settings = asyncio.get_running_loop(), self._settings
        try:
            async with asyncio.timeout(settings.connect_s):
                _, connection = await loop.create_connection(
                    lambda: ServiceConnection(loop, idle_s=settings.idle_s), *self.address
                )
        except TimeoutError as error:
            raise ConnectTimeoutError(
                f"{self._name} took no connection within {settings.connect_s:g} s. Try again "
                "later.",
                headers=_RETRY,
            ) from error
        except OSError as error:
            raise ServiceAwayError(
                f"{self._name} cannot be reached. Try again in a few seconds.", headers=_RETRY
            ) from error
        return connection

    async def _look_after(self) -> None:
        """Once in a while: end silent exchanges, watch long ones, close idle connections."""
        loop, every = asyncio.get_running_loop(), min(LOOK_EVERY_S, self._settings.idle_s / 2)
        while True:
            await asyncio.sleep(every)
            now = loop.time()
            for connection, receive in list(self._open.items()):
                silent = connection.waiting and now > connection.quiet_until
                if silent or now > connection.total_until:
                    connection.fail(
                        GatewayTimeoutError(
                            f"{self._name} did not answer in time. Try again later.",
                            headers=_RETRY,
                        )
                    )
                elif receive is not None and connection not in self._watchers:
                    watcher = asyncio.create_task(_watch_client(connection, receive))
                    self._watchers[connection] = watcher
            idle = [
                each for each in self._kept if each.closed or now - each.idle_since > KEPT_IDLE_S
            ]
            for connection in idle:
                self._kept.remove(connection)
                connection.abort()


async def _send_body(connection: ServiceConnection, receive: Receive, *, chunked: bool) -> None:
    try:
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                connection.fail(ClientGoneError())
                return
            body, more = message.get("body", b""), message.get("more_body", False)
            if not body:
                continue
            if chunked:
                await connection.write(b"%x\r\n" % len(body), body, b"\r\n")
            else:
                await connection.write(body)
        if chunked:
            await connection.write(b"0\r\n\r\n")
    except Exception as error:  # noqa: BLE001 - whatever stops the body is the exchange's error
        connection.fail(error)


async def _watch_client(connection: ServiceConnection, receive: Receive) -> None:
    """End an exchange whose client is gone, such as an event stream nobody reads."""
    message = await receive()
    while message["type"] == "http.request":
        message = await receive()
    connection.fail(ClientGoneError())


def _render(scope: Scope) -> _Outgoing:
    query = scope["query_string"]
    target = scope["raw_path"] + b"?" + query if query else scope["raw_path"]
    lines = [b"%b %b HTTP/1.1" % (scope["method"].encode(), target)]
    has_body = chunked = False
    for header in scope["headers"]:
        name, value = header
        if name == b"transfer-encoding":
            has_body = chunked = True
        elif name == b"content-length":
            has_body = has_body or value != b"0"
        lines.append(b"%b: %b" % header)
    head = b"\r\n".join(lines) + b"\r\n\r\n"
    if not head.count(b"\n") == head.count(b"\r") == len(lines) + 1:
        raise ValueError("a header of a request to a service has a line break")
    return _Outgoing(head=head, has_body=has_body, chunked=chunked)
