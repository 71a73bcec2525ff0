"""One HTTP/1.1 connection to a service: llhttp parses, framing is judged here.

An answer is taken only when its end is beyond doubt. Two lengths, a length beside
`Transfer-Encoding`, an encoding other than `chunked`, a switch of protocols, bytes that nobody
asked for: each ends the connection, so that no byte of one answer can become part of another one
(RFC 9112, sections 6.3 and 9.3).
"""

import asyncio
import re
from typing import Any

import httptools

from gateway.dispatcher.errors import BadGatewayError
from gateway.dispatcher.guard import Header
from shared_lib.contracts.errors import FleetError

MAX_HEADERS = 200
MAX_HEAD_BYTES = 64 * 1024
PAUSE_ABOVE = 256 * 1024
"""Bytes of an answer that wait for a slow client before reading stops."""

_LENGTH = re.compile(rb"[0-9]{1,18}")


class StaleConnectionError(Exception):
    """The service had closed the kept connection before a byte of the answer came."""


class ServiceConnection(asyncio.Protocol):
    """A connection that carries one exchange after another.

    Attributes:
        status: of the answer; None until its head is whole.
        headers: of the answer, with lowercase names.
        complete: whether the last byte of the answer has come.
        reusable: whether the connection may carry another exchange afterwards.
        quiet_until: loop time at which the wait for the service's next byte has lasted too long.
        total_until: loop time at which the exchange has.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, idle_s: float) -> None:
        self._loop = loop
        self._idle_s = idle_s
        self._parser = httptools.HttpResponseParser(self)
        self._transport: Any = None
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._write_paused = False
        self._read_paused = False
        self.closed = False
        self.busy = False
        self.used = 0
        self.idle_since = 0.0
        self._reset(method="GET")

    def _reset(self, *, method: str) -> None:
        self._method = method
        self._pieces: list[bytes] = []
        self._buffered = 0
        self._head_bytes = 0
        self._names: list[Header] = []
        self._until_close = False
        self._failure: Exception | None = None
        self._begun = False
        self.status: int | None = None
        self.headers: list[Header] = []
        self.complete = False
        self.reusable = False

    # What the exchange calls.

    def begin(self, head: bytes, *, method: str, total_s: float) -> None:
        """Send a request's head; from now on bytes of an answer are expected."""
        self._reset(method=method)
        self.busy = True
        self.used += 1
        now = self._loop.time()
        self.quiet_until = now + self._idle_s
        self.total_until = now + total_s
        self._transport.write(head)

    async def write(self, *pieces: bytes) -> None:
        """Send bytes of the request's body; waits while the service reads slowly."""
        if self.closed:
            return
        self._transport.writelines(pieces)
        self.quiet_until = self._loop.time() + self._idle_s
        if self._write_paused and not self.closed:
            self._writable = self._loop.create_future()
            await self._writable
            self.quiet_until = self._loop.time() + self._idle_s

    async def changed(self) -> None:
        """Wait for news of the answer.

        Raises:
            StaleConnectionError: nothing came and the request may be sent on a fresh connection.
            FleetError: the answer cannot be taken.
        """
        if self._failure is not None:
            raise self._failure
        self._waiter = self._loop.create_future()
        self.quiet_until = self._loop.time() + self._idle_s
        try:
            await self._waiter
        finally:
            self._waiter = None
        # What came before a failure is still given out; `take` raises when it is used up.

    def take(self) -> bytes:
        """What has come of the body since the last call.

        Raises:
            FleetError: the answer broke off.
        """
        if not self._pieces:
            if self._failure is not None and not self.complete:
                raise self._failure
            return b""
        body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces = []
        self._buffered = 0
        if self._read_paused and not self.closed:
            self._read_paused = False
            self._transport.resume_reading()
        return body

    @property
    def waiting(self) -> bool:
        """Whether the exchange waits for the service."""
        return self._waiter is not None

    def finish(self) -> bool:
        """The exchange is over; whether the connection can carry the next one."""
        self.busy = False
        if self.complete and self.reusable and not self.closed and self._failure is None:
            self.idle_since = self._loop.time()
            return True
        self.abort()
        return False

    def fail(self, error: Exception) -> None:
        """End the exchange with an error."""
        if self._failure is None:
            self._failure = error
        self.reusable = False
        self._wake()

    def abort(self) -> None:
        """Close at once."""
        self.closed = True
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Bytes of the answer."""
        if not self.busy or self.complete:
            # Nobody asked for these bytes: they must not become the next request's answer.
            self.reusable = False
            self.abort()
            return
        if self.status is None:
            self._head_bytes += len(data)
        self._begun = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.reusable = False
            if not self.complete:
                known = error.__context__
                self.fail(known if isinstance(known, FleetError) else _unusable("it is no HTTP"))
        if self.status is None and self._head_bytes > MAX_HEAD_BYTES:
            self.fail(_unusable("its headers are too large"))
        if self._method == "HEAD" and self.complete:
            # The parser still waits for the body that a HEAD's length speaks of.
            self._parser = httptools.HttpResponseParser(self)
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The service closed, or the network did."""
        self.closed = True
        if self.busy and not self.complete:
            if self._until_close and self.status is not None and self._failure is None:
                self.complete = True
            elif not self._begun and self.used > 1:
                self.fail(StaleConnectionError())
            else:
                self.fail(_unusable("it broke off"))
        self.reusable = False
        self._release_writer()
        self._wake()

    def pause_writing(self) -> None:
        """The service reads slower than we write."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """It has caught up."""
        self._write_paused = False
        self._release_writer()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """An answer begins."""
        if self.complete:
            raise _unusable("more came than was asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which is left out."""
        if self.status is not None:
            return
        if len(self._names) >= MAX_HEADERS:
            raise _unusable("it has too many headers")
        self._names.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is whole: decide where the answer ends."""
        status = self._parser.get_status_code()
        headers, self._names = self._names, []
        if 100 <= status < 200:
            if status == 101:
                raise _unusable("it switches protocols")
            self._head_bytes = 0
            return
        length, chunked = _framing(headers)
        bodiless = self._method == "HEAD" or status in (204, 304)
        self._until_close = length is None and not chunked and not bodiless
        self.headers = headers
        self.status = status
        self.reusable = self._parser.should_keep_alive() and not self._until_close
        if self._method == "HEAD":
            self.complete = True
            # A body of a HEAD's answer would be read as the next answer.
            self.reusable = self.reusable and not chunked

    def on_body(self, body: bytes) -> None:
        """Bytes of the body."""
        if self.complete:
            raise _unusable("it has a body where none belongs")
        self._pieces.append(body)
        self._buffered += len(body)
        if self._buffered > PAUSE_ABOVE and not self._read_paused and not self.closed:
            self._read_paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """The last byte has come; an interim answer (1xx) is followed by the real one."""
        if self.status is not None:
            self.complete = True

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _release_writer(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None


def _framing(headers: list[Header]) -> tuple[int | None, bool]:
    lengths = [value for name, value in headers if name == b"content-length"]
    encodings = [value for name, value in headers if name == b"transfer-encoding"]
    if len(lengths) + len(encodings) > 1:
        raise _unusable("its length is given twice")
    if encodings:
        if encodings[0].strip().lower() != b"chunked":
            raise _unusable("its Transfer-Encoding is not known")
        return None, True
    if not lengths:
        return None, False
    if not _LENGTH.fullmatch(lengths[0]):
        raise _unusable("its Content-Length is no number")
    return int(lengths[0]), False


def _unusable(why: str) -> BadGatewayError:
    return BadGatewayError(
        f"The service's answer cannot be used: {why}. A request without side effects can be sent "
        "again."
    )
