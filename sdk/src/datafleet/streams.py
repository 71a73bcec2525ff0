"""Server-sent events (WHATWG HTML, section 9.2), read to their end over broken connections."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from datafleet.errors import FleetApiError, UnreachableError, WaitTimedOutError
from datafleet.transport import Transport

SILENCE_S = 45.0
"""The fleet sends a comment every 15 s, so a connection that is silent for longer is dead."""

END = "end"


@dataclass(frozen=True)
class Event:
    """One event: its name and its data, a JSON text."""

    name: str
    data: str
    id: str | None = None


class EventParser:
    """Takes bytes as they come and gives whole events.

    Lines end with LF, CR LF or CR; the text is UTF-8. Lines are cut in the bytes, for `str` knows
    line ends that are none here.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._name = ""
        self._data: list[str] = []
        self.last_id: str | None = None

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that are complete with these bytes."""
        text = self._rest + chunk
        # A CR at the very end may be the first half of a CR LF.
        held = text.endswith(b"\r")
        lines = (text[:-1] if held else text).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *whole, rest = lines.split(b"\n")
        self._rest = rest + (b"\r" if held else b"")
        for line in whole:
            event = self._take(line.decode("utf-8", "replace"))
            if event is not None:
                yield event

    def _take(self, line: str) -> Event | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self.last_id = value
        return None

    def _dispatch(self) -> Event | None:
        name, data = self._name or "message", self._data
        self._name, self._data = "", []
        return Event(name=name, data="\n".join(data), id=self.last_id) if data else None


class EventStream:
    """The events of an address until `end`, resumed after the last one when the connection breaks.

    Args:
        timeout_s: give up waiting for the end after that long; never when None.
    """

    def __init__(self, transport: Transport, path: str, *, timeout_s: float | None = None) -> None:
        self._transport = transport
        self._path = path
        self._until = None if timeout_s is None else time.monotonic() + timeout_s
        self._last_id: str | None = None
        self._ended = False

    def __iter__(self) -> Iterator[Event]:
        """Events in order.

        Raises:
            FleetApiError: the fleet refuses, and it does not help to ask again.
            UnreachableError: the connection broke too often without anything new in between.
            WaitTimedOutError: the time is over; what is watched goes on.
        """
        attempt = 0
        while not self._ended:
            attempt += 1
            try:
                for event in self._read_connection():
                    attempt = 0
                    yield event
            except (FleetApiError, UnreachableError) as error:
                self._check_time()
                if not self._transport.may_try_again(error, attempt=max(attempt, 1)):
                    raise

    def _read_connection(self) -> Iterator[Event]:
        headers = {"Accept": "text/event-stream"}
        if self._last_id is not None:
            headers["Last-Event-ID"] = self._last_id
        parser = EventParser()
        timeout = self._transport.patient(self._silence_s())
        with self._transport.open("GET", self._path, headers=headers, timeout=timeout) as response:
            try:
                for chunk in response.iter_bytes():
                    for event in parser.feed(chunk):
                        self._last_id = parser.last_id or self._last_id
                        self._ended = event.name == END
                        yield event
                    if self._ended:
                        return
                    self._check_time()
            except httpx.HTTPError as error:
                self._check_time()
                reason = str(error) or type(error).__name__
                raise UnreachableError(f"The stream of {self._path} broke: {reason}.") from error
        raise UnreachableError(f"The stream of {self._path} ended before its last event.")

    def _silence_s(self) -> float:
        if self._until is None:
            return SILENCE_S
        return min(SILENCE_S, max(self._until - time.monotonic(), 0.01))

    def _check_time(self) -> None:
        if self._until is not None and time.monotonic() >= self._until and not self._ended:
            raise WaitTimedOutError(f"{self._path.rpartition('/')[0]} has not ended in time.")
