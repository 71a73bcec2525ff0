"""What stands behind the gateway: a service in this process, or one over HTTP.

An upstream is called like an ASGI app. Its scope is made by the dispatcher: the headers are
clean, carry the caller's identity, and name exactly one way of framing the body.
"""

import asyncio
import contextlib
from typing import Any, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Upstream(Protocol):
    """A service as the dispatcher calls it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; raises a FleetError before the first byte when it cannot."""

    async def start(self) -> None:
        """Make ready; called in the gateway's lifespan."""

    async def close(self) -> None:
        """Let go of connections and tasks."""


class ClientGoneError(Exception):
    """The client went away before its answer was complete; nobody is left to be told."""


class LifespanFailedError(RuntimeError):
    """An app in this process did not start."""


class InProcessUpstream:
    """A service's ASGI app in this very process.

    Args:
        app: the app.
        lifespan: whether this upstream starts and stops the app; false when somebody else does.
    """

    def __init__(self, app: ASGIApp, *, lifespan: bool = True) -> None:
        self.app = app
        self._lifespan = lifespan
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._outbox: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._state: dict[str, Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on; the app sees its own lifespan state."""
        scope["state"] = dict(self._state)
        await self.app(scope, receive, send)

    async def start(self) -> None:
        """Run the app's start-up.

        Raises:
            LifespanFailedError: the app says that it cannot start.
        """
        if not self._lifespan:
            return
        self._task = asyncio.create_task(self._run_lifespan())
        await self._inbox.put({"type": "lifespan.startup"})
        answer = await self._next_answer()
        if answer["type"] == "lifespan.startup.failed":
            raise LifespanFailedError(answer.get("message", ""))

    async def close(self) -> None:
        """Run the app's shutdown."""
        if self._task is None:
            return
        if not self._task.done():
            await self._inbox.put({"type": "lifespan.shutdown"})
            await self._next_answer()
        with contextlib.suppress(Exception):
            await self._task
        self._task = None

    async def _run_lifespan(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": self._state}
        await self.app(scope, self._inbox.get, self._outbox.put)

    async def _next_answer(self) -> Message:
        """The app's next word; an app that ends without one has no lifespan of its own."""
        if self._task is None:
            raise LifespanFailedError("the app was not started")
        getter = asyncio.create_task(self._outbox.get())
        await asyncio.wait({getter, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if getter.done():
            return getter.result()
        getter.cancel()
        return {"type": "none"}
