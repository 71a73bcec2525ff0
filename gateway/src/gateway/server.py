"""Serving the gateway: uvicorn on uvloop and httptools, with a deadline on headers.

The parser reads what a raw ASGI app cannot see any more: the request's target as it was sent, and
headers that never end. What it refuses is answered as problem+json and the connection is closed.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import httptools
import uvicorn
import uvloop
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway.dispatcher.errors import FramingError, HeadersTooLargeError, TargetError
from gateway.dispatcher.guard import MAX_HEADER_BYTES
from gateway.dispatcher.problems import render_problem
from gateway.dispatcher.tracing import make_request_id
from gateway.settings import HttpSettings
from shared_lib.contracts.errors import FleetError

HEADER_TIMEOUT_S = 10.0
MAX_HEAD_BYTES = MAX_HEADER_BYTES + 16 * 1024
"""Headers and the request line while they are read; the guard counts the headers exactly."""


class HeaderTimeoutError(FleetError):
    """A request's headers did not come to their end in time."""

    status = 408
    code = "header_timeout"
    title = "The headers did not come"


class MalformedRequestError(FramingError):
    """The bytes are no HTTP request."""

    code = "malformed_request"
    title = "This is not HTTP"


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a deadline and a size for headers, and with our answers."""

    header_timeout_s: float = HEADER_TIMEOUT_S

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client connected: its first request must come within the deadline."""
        super().connection_made(transport)
        self._in_head = True
        self._head_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse; refuse a head that grows too large, and start the clock for one that is partial.

        A request that comes in one piece, as almost all do, sets no timer at all.
        """
        if self._in_head:
            self._head_bytes += len(data)
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The guard refuses `Upgrade`; its answer is on the way.
            self._disarm()
            return
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, FleetError):
                self.refuse(error.__context__)
            else:
                self.refuse(MalformedRequestError("The request cannot be parsed as HTTP/1.1."))
            return
        if not self._in_head or self._head_bytes == 0:
            return
        if self._head_bytes > MAX_HEAD_BYTES:
            self.refuse(HeadersTooLargeError(f"A head has at most {MAX_HEAD_BYTES} bytes."))
        elif self._deadline is None:
            self._arm()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole: look at its target before it is split into path and query."""
        self._in_head = False
        self._head_bytes = 0
        self._disarm()
        if not self.url.startswith(b"/") or b"#" in self.url:
            raise TargetError(
                "The request line names a path, such as `GET /v1/datasets`: no whole address, no "
                "authority, no fragment."
            )
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is whole: what comes next is a head."""
        self._in_head = True
        self._head_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Called by the base class for what it cannot parse."""
        self.refuse(MalformedRequestError(msg))

    def refuse(self, error: FleetError) -> None:
        """Answer and close; where an answer has begun or another one is due first, only close."""
        self._disarm()
        if self.transport.is_closing():
            return
        cycle: Any = self.cycle  # None before the first request
        between = cycle is None or cycle.response_complete
        if between or not (cycle.response_started or self.pipeline):
            headers, body = render_problem(error, request_id=make_request_id())
            lines = [STATUS_LINE[error.status]]
            for name, value in [*headers, (b"connection", b"close")]:
                lines += [name, b": ", value, b"\r\n"]
            self.transport.write(b"".join([*lines, b"\r\n", body]))
        if not between:
            # Whoever works on the request sees that its client is gone, and sends nothing more.
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.close()

    def _arm(self) -> None:
        self._deadline = self.loop.call_later(self.header_timeout_s, self._too_late)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if self._head_bytes:
            self.refuse(
                HeaderTimeoutError(
                    f"The headers were not whole within {self.header_timeout_s:g} s."
                )
            )
        else:
            self.transport.close()


def guarded_protocol(*, header_timeout_s: float = HEADER_TIMEOUT_S) -> type[GuardedProtocol]:
    """The protocol class with that deadline."""
    return type("GuardedProtocol", (GuardedProtocol,), {"header_timeout_s": header_timeout_s})


def server_config(
    app: ASGIApp | Callable[..., Any], *, settings: HttpSettings, **changes: Any
) -> uvicorn.Config:
    """How the gateway is served.

    Args:
        changes: further arguments of `uvicorn.Config`, such as `fd` or `uds`.
    """
    options: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "loop": "uvloop",
        "http": guarded_protocol(header_timeout_s=settings.header_timeout_s),
        "ws": "none",
        "lifespan": "on",
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "proxy_headers": False,
        "timeout_keep_alive": settings.keep_alive_s,
        "timeout_graceful_shutdown": settings.drain_s,
    }
    return uvicorn.Config(app, **(options | changes))


def serve(app: ASGIApp, *, settings: HttpSettings, **changes: Any) -> None:
    """Serve until a signal comes; returns when open requests are answered or drained."""
    server = uvicorn.Server(server_config(app, settings=settings, **changes))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve_checked(server))


class WrongEventLoopError(RuntimeError):
    """The process runs another event loop than uvloop, which costs several times as much."""


async def serve_checked(server: uvicorn.Server) -> None:
    """Serve on the running loop.

    Raises:
        WrongEventLoopError: the loop is not uvloop's.
    """
    if not isinstance(asyncio.get_running_loop(), uvloop.Loop):
        raise WrongEventLoopError("run the gateway on uvloop: `python -m gateway` does")
    await server.serve()
