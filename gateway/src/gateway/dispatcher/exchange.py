"""One request on its way: what is known of it, and a `send` that counts and adds our headers."""

import re
from typing import TYPE_CHECKING

from starlette.types import Message, Send

from gateway.dispatcher.guard import Header
from gateway.dispatcher.limits import LimitedBody
from gateway.dispatcher.routes import GATEWAY_ROUTE, Route
from gateway.dispatcher.tracing import Trace

if TYPE_CHECKING:
    from gateway.principal import Principal

LINGER_BYTES = 8 * 1024 * 1024
LINGER_S = 2.0

_NOT_PASSED_ON = frozenset(
    {
        b"connection",
        b"date",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-connection",
        b"ratelimit",
        b"ratelimit-policy",
        b"server",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"x-request-id",
    }
)
_BODILESS = (204, 304)
_CODE = re.compile(rb'"code"\s*:\s*"([a-z0-9_]{1,64})"')


class Exchange:
    """Watches an answer go by.

    Attributes:
        log_id: of the entry in the request log; `request_id` may be the client's own instead.
        body: the request's body, when it has one.
        own_headers: added to every answer: request id and rate limit.
        status: of the answer; 499 when the client went away before it began.
    """

    __slots__ = (
        "_close",
        "_send",
        "body",
        "bytes_out",
        "client",
        "error_code",
        "log_id",
        "own_headers",
        "principal",
        "request_id",
        "route",
        "started",
        "status",
        "trace",
    )

    def __init__(
        self,
        send: Send,
        *,
        log_id: str,
        request_id: str,
        trace: Trace,
        client: str,
        body: LimitedBody | None,
    ) -> None:
        self._send = send
        self._close = False
        self.log_id = log_id
        self.request_id = request_id
        self.trace = trace
        self.client = client
        self.body = body
        self.route: Route = GATEWAY_ROUTE
        self.principal: Principal | None = None
        self.own_headers: list[Header] = [(b"x-request-id", request_id.encode())]
        self.status = 499
        self.bytes_out = 0
        self.started = False
        self.error_code: str | None = None

    async def send(self, message: Message) -> None:
        """Pass a message on to the client."""
        if message["type"] == "http.response.body":
            await self._send_body(message)
        elif message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            headers = [
                header for header in message.get("headers", ()) if header[0] not in _NOT_PASSED_ON
            ]
            if self.status in _BODILESS:
                # A length without a body behind it confuses servers and clients alike.
                headers = [header for header in headers if header[0] != b"content-length"]
            headers += self.own_headers
            if self.body is not None and not self.body.complete:
                # What is still to come of the body must not be taken for the next request.
                self._close = True
                headers.append((b"connection", b"close"))
            await self._send(
                {"type": "http.response.start", "status": self.status, "headers": headers}
            )

    async def _send_body(self, message: Message) -> None:
        body = message.get("body", b"")
        if body:
            if self.status >= 400 and self.bytes_out == 0:
                found = _CODE.search(body, 0, 2000)
                self.error_code = found[1].decode() if found else None
            self.bytes_out += len(body)
        if self._close and self.body is not None and not message.get("more_body", False):
            await self._send({"type": "http.response.body", "body": body, "more_body": True})
            # Closing while bytes arrive makes the client's system throw away an answer it has
            # not read yet (RFC 9112, section 9.6): the end is held back for a moment.
            await self.body.drain(most=LINGER_BYTES, seconds=LINGER_S)
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)
