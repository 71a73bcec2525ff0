"""Small requests that the gateway makes for itself: a service's readiness, its OpenAPI document."""

from dataclasses import dataclass, field

from anyio import sleep_forever
from starlette.types import Message

from gateway.dispatcher.tracing import new_trace
from gateway.dispatcher.upstream import Upstream


@dataclass
class PlainAnswer:
    """Status and whole body."""

    status: int = 502
    body: bytes = b""
    pieces: list[bytes] = field(default_factory=list)


async def call_plainly(upstream: Upstream, path: str) -> PlainAnswer:
    """`GET path` in nobody's name, for routes that need no identity."""
    answer = PlainAnswer()
    asked = False

    async def receive() -> Message:
        nonlocal asked
        if asked:
            # This client never leaves: who watches for that waits for as long as the call lasts.
            await sleep_forever()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
        else:
            answer.pieces.append(message.get("body", b""))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"gateway"),
            (b"x-request-id", b"gateway"),
            (b"traceparent", new_trace().header.encode()),
        ],
        "client": None,
        "server": None,
        "state": {},
    }
    await upstream(scope, receive, send)
    answer.body = b"".join(answer.pieces)
    return answer
