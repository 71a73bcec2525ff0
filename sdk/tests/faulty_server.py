"""A server whose answers are given byte by byte: for faults that no real fleet shows."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

Answer = Callable[["Request"], bytes]


@dataclass(frozen=True)
class Request:
    """What came over one connection."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FaultyServer:
    """Answers its n-th connection with the n-th answer, cuts it, and keeps what was asked."""

    address: str
    requests: list[Request] = field(default_factory=list)


def answer(status: str, body: bytes = b"", *, cut: int | None = None, **headers: str) -> bytes:
    """The bytes of an answer. `cut` announces the whole body and sends only so much of it."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body[:cut]


def open_answer(body: bytes, *, media_type: str) -> bytes:
    """An answer whose end is the end of the connection."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


@contextmanager
def faulty_server(answers: Sequence[bytes | Answer]) -> Iterator[FaultyServer]:
    """A server that gives these answers, one a connection, and then takes no more."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = FaultyServer(address=f"http://127.0.0.1:{listener.getsockname()[1]}")

    def serve() -> None:
        for given in answers:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                request = _read_request(connection)
                server.requests.append(request)
                connection.sendall(given if isinstance(given, bytes) else given(request))
        listener.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        # Closing alone does not wake a thread that waits in accept().
        for action in (lambda: listener.shutdown(socket.SHUT_RDWR), listener.close):
            try:
                action()
            except OSError:
                continue
        thread.join(timeout=10)


def _read_request(connection: socket.socket) -> Request:
    head = b""
    while b"\r\n\r\n" not in head and (more := connection.recv(65536)):
        head += more
    head, _, body = head.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    wanted = int(headers.get("content-length", 0))
    while len(body) < wanted and (more := connection.recv(65536)):
        body += more
    return Request(line=line, headers=headers, body=body)
