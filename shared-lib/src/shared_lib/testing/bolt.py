"""A server that speaks Bolt 5.4, so that Neo4j's own driver can be tried without a Neo4j.

It knows the handshake, sign-in, transactions, RUN, PULL and DISCARD; whoever uses it answers the
Cypher. Protocol: "Bolt Protocol documentation" and "PackStream", neo4j.com/docs/bolt.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

MAGIC = b"\x60\x60\xb0\x17"
VERSION = b"\x00\x00\x04\x05"
HELLO, GOODBYE, RESET, RUN, BEGIN, COMMIT = 0x01, 0x02, 0x0F, 0x10, 0x11, 0x12
ROLLBACK, DISCARD, PULL, TELEMETRY, LOGON, LOGOFF = 0x13, 0x2F, 0x3F, 0x54, 0x6A, 0x6B
SUCCESS, RECORD, IGNORED, FAILURE = 0x70, 0x71, 0x7E, 0x7F

Rows = tuple[list[str], list[list[Any]]]
"""Names of columns, and rows."""


@dataclass
class BoltServer:
    """A running replica.

    Args:
        answer: what Cypher with its parameters gives; what it raises is told as the server's.
        user, password: who may sign in.
    """

    answer: Callable[[str, dict[str, Any]], Rows]
    user: str = "neo4j"
    password: str = "secret"
    seen: list[str] = field(default_factory=list)
    """Every Cypher that was run, and BEGIN, COMMIT and ROLLBACK, in order."""
    port: int = 0

    @property
    def address(self) -> str:
        """What the driver is given."""
        return f"bolt://127.0.0.1:{self.port}"

    def serve(self, connection: socket.socket) -> None:
        """Speak with one driver until it leaves."""
        with connection, connection.makefile("rwb") as pipe:
            if pipe.read(4) != MAGIC:
                return
            pipe.read(16)
            _send(pipe, VERSION)
            _Conversation(self, pipe).run()


class _Conversation:
    def __init__(self, server: BoltServer, pipe: Any) -> None:
        self._server = server
        self._pipe = pipe
        self._rows: list[list[Any]] = []
        self._failed = False

    def run(self) -> None:
        while (message := _read_message(self._pipe)) is not None:
            tag, fields = message
            if tag == GOODBYE:
                return
            if self._failed and tag != RESET:
                self._reply(IGNORED)
                continue
            self._failed = False
            try:
                self._handle(tag, fields)
            except Exception as error:  # noqa: BLE001 - whatever it is, the driver is told
                code = getattr(error, "code", "Neo.ClientError.Statement.SyntaxError")
                self._failed = True
                self._reply(FAILURE, {"code": code, "message": str(error)})

    def _handle(self, tag: int, fields: list[Any]) -> None:
        if tag == HELLO:
            self._reply(SUCCESS, {"server": "Neo4j/5.26.0", "connection_id": "bolt-1"})
        elif tag == LOGON:
            self._sign_in(fields[0])
        elif tag == RUN:
            self._server.seen.append(fields[0])
            names, self._rows = self._server.answer(fields[0], fields[1])
            self._reply(SUCCESS, {"fields": names, "t_first": 0})
        elif tag in (PULL, DISCARD):
            for row in self._rows if tag == PULL else ():
                self._reply(RECORD, row)
            self._reply(SUCCESS, {"has_more": False, "type": "w", "t_last": 0, "db": "neo4j"})
        else:
            words = {BEGIN: "BEGIN", COMMIT: "COMMIT", ROLLBACK: "ROLLBACK"}
            if tag in words:
                self._server.seen.append(words[tag])
            elif tag not in (RESET, LOGOFF, TELEMETRY):
                raise ValueError(f"message {tag:#x} is not known here")
            self._reply(SUCCESS, {"bookmark": "b1"} if tag == COMMIT else {})

    def _sign_in(self, given: dict[str, Any]) -> None:
        wanted = (self._server.user, self._server.password)
        if (given.get("principal"), given.get("credentials")) != wanted:
            raise _SignInError("The client is unauthorized due to authentication failure.")
        self._reply(SUCCESS, {})

    def _reply(self, tag: int, *fields: Any) -> None:
        content = bytes([0xB0 + len(fields), tag]) + b"".join(pack(each) for each in fields)
        chunks = [content[start : start + 65535] for start in range(0, len(content), 65535)]
        framed = b"".join(struct.pack(">H", len(chunk)) + chunk for chunk in chunks)
        _send(self._pipe, framed + b"\0\0")


class _SignInError(Exception):
    code = "Neo.ClientError.Security.Unauthorized"


def _send(pipe: Any, content: bytes) -> None:
    pipe.write(content)
    pipe.flush()


def _read_message(pipe: Any) -> tuple[int, list[Any]] | None:
    """Tag and fields; None when the driver is gone."""
    content = b""
    while True:
        head = pipe.read(2)
        if len(head) < 2:
            return None
        (length,) = struct.unpack(">H", head)
        if length:
            content += pipe.read(length)
        elif content:
            reader = _Reader(content)
            size = reader.take(1)[0] - 0xB0
            tag = reader.take(1)[0]
            return tag, [reader.value() for _ in range(size)]


def pack(value: Any) -> bytes:
    """A value in PackStream."""
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int | float):
        whole = isinstance(value, int)
        return struct.pack(">Bq" if whole else ">Bd", 0xCB if whole else 0xC1, value)
    if isinstance(value, str):
        content = value.encode()
        return b"\xd2" + struct.pack(">I", len(content)) + content
    if isinstance(value, list | tuple):
        return b"\xd6" + struct.pack(">I", len(value)) + b"".join(map(pack, value))
    if isinstance(value, dict):
        pairs = b"".join(pack(str(name)) + pack(each) for name, each in value.items())
        return b"\xda" + struct.pack(">I", len(value)) + pairs
    return pack(str(value))


class _Reader:
    """Reads PackStream, but for structures, which no parameter of ours has."""

    _INTEGERS: dict[int, str] = {0xC8: ">b", 0xC9: ">h", 0xCA: ">i", 0xCB: ">q"}
    _SIZES: dict[int, str] = {0: ">B", 1: ">H", 2: ">I"}

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        self._at += count
        return self._content[self._at - count : self._at]

    def value(self) -> Any:
        """The next value."""
        marker = self.take(1)[0]
        if marker < 0x80 or marker >= 0xF0:
            return marker if marker < 0x80 else marker - 0x100
        if marker in self._INTEGERS:
            return self._number(self._INTEGERS[marker])
        if marker == 0xC1:
            return self._number(">d")
        if marker in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[marker]
        for small, large, read in (
            (0x80, 0xD0, self._text), (0x90, 0xD4, self._list), (0xA0, 0xD8, self._map),
        ):  # fmt: skip
            if small <= marker < small + 16:
                return read(marker - small)
            if large <= marker < large + 3:
                return read(self._number(self._SIZES[marker - large]))
        raise ValueError(f"marker {marker:#x} is not known here")

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def _text(self, size: int) -> str:
        return self.take(size).decode()

    def _list(self, size: int) -> list[Any]:
        return [self.value() for _ in range(size)]

    def _map(self, size: int) -> dict[str, Any]:
        return {self.value(): self.value() for _ in range(size)}


@contextmanager
def running_bolt(server: BoltServer) -> Iterator[BoltServer]:
    """The replica on a free port of 127.0.0.1 until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]
    speakers: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # the listener was closed
                return
            speaker = threading.Thread(target=server.serve, args=(connection,))
            speaker.start()
            speakers.append(speaker)

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (acceptor, *speakers):
            thread.join()
