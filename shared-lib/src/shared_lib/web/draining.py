"""Going down without failing anybody: not ready first, then no new connections, then the end.

uvicorn closes its door at the moment of SIGTERM, while balancers still send. So the signal is held
back: at once readiness fails and event streams end, whose clients come back to another replica;
after `drain_s` the signal goes to the server, which finishes what is open. A second one goes
through at once.
"""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any]


class Draining:
    """Whether this process is going down.

    Args:
        drain_s: seconds between the first signal and the server's own shutdown.
        end_streams: ends what would hold the server's shutdown up.
    """

    def __init__(
        self, *, drain_s: float, end_streams: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._drain_s = drain_s
        self._end_streams = end_streams
        self._begun = threading.Event()
        self._task: asyncio.Task[None] | None = None

    def is_set(self) -> bool:
        """Whether SIGTERM has come."""
        return self._begun.is_set()

    def install(self) -> None:
        """Take over the server's handler of SIGTERM; does nothing where there is none to take.

        Called in the lifespan's startup: the server has installed its own by then. In a thread,
        or where another program runs the server, nothing is changed.
        """
        server = signal.getsignal(signal.SIGTERM)
        if threading.current_thread() is not threading.main_thread() or not callable(server):
            return
        loop = asyncio.get_running_loop()

        def hold_back(number: int, frame: FrameType | None) -> None:
            if self._begun.is_set():
                server(number, frame)
                return
            self._begun.set()
            loop.call_soon_threadsafe(self._begin, server, number)

        signal.signal(signal.SIGTERM, hold_back)

    def _begin(self, server: Handler, number: int) -> None:
        self._task = asyncio.get_running_loop().create_task(self._drain(server, number))

    async def _drain(self, server: Handler, number: int) -> None:
        if self._end_streams is not None:
            await self._end_streams()
        await asyncio.sleep(self._drain_s)
        server(number, None)
