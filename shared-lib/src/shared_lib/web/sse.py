"""Server-sent events (WHATWG HTML, section 9.2), resumable by `Last-Event-ID`."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from fastapi.responses import StreamingResponse

HEARTBEAT_S = 15.0


@dataclass(frozen=True)
class ServerSentEvent:
    """One event. A comment only (`name` empty) keeps a connection from being cut as idle."""

    name: str
    data: Any = None
    id: str | None = None

    def encode(self) -> bytes:
        """The event as it goes over the wire."""
        if not self.name:
            return b": keep-alive\n\n"
        lines = [f"event: {self.name}"]
        if self.id is not None:
            lines.append(f"id: {self.id}")
        lines.append(f"data: {json.dumps(self.data, ensure_ascii=False)}")
        return ("\n".join(lines) + "\n\n").encode()


def event_stream(events: AsyncGenerator[ServerSentEvent, None]) -> StreamingResponse:
    """The answer that sends `events` as they come."""

    async def body() -> AsyncIterator[bytes]:
        # Closed at once when the client leaves: a stream that nobody reads waits for nothing.
        async with aclosing(events):
            yield b"retry: 2000\n\n"
            async for event in events:
                yield event.encode()

    return StreamingResponse(
        body(),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
