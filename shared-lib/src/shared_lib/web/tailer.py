"""One reader of the database for any number of waiting requests.

A stream or a `Prefer: wait` holds no thread: it awaits a queue. While anybody waits, one task
asks the database a few times a second what is new and wakes those whom it concerns.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from anyio import CapacityLimiter, to_thread

logger = logging.getLogger(__name__)

EVERY_S = 0.2
READERS = 4

Changed = Callable[[frozenset[str]], Iterable[str]]
"""Given the keys that are waited for, those that may have changed since the last call."""


class Tailer:
    """Wakes waiters by key.

    Args:
        changed: a blocking function, called in a thread.
        every_s: how often to look while somebody waits.

    Attributes:
        readers: give it as `limiter` to `to_thread.run_sync` for what waiters read when they are
            woken. However many wait, they use these few threads and database connections, and
            none of those that answer plain requests.
        closed: the server goes down; who is woken now ends.
    """

    def __init__(self, changed: Changed, *, every_s: float = EVERY_S) -> None:
        self._changed = changed
        self._every_s = every_s
        self._waiters: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None
        self._looking = CapacityLimiter(1)
        self.readers = CapacityLimiter(READERS)
        self.closed = False

    @asynccontextmanager
    async def subscribe(self, key: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever something about `key` may be new."""
        event = asyncio.Event()
        if self.closed:
            event.set()
        self._waiters[key].add(event)
        if not self.closed and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run())
        try:
            yield event
        finally:
            self._waiters[key].discard(event)
            if not self._waiters[key]:
                del self._waiters[key]

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(len(events) for events in self._waiters.values())

    async def close(self) -> None:
        """Stop looking and wake everybody, so that streams and waits end. May be repeated."""
        self.closed = True
        if self._task is not None:
            self._task.cancel()
        for events in self._waiters.values():
            for event in events:
                event.set()

    async def _run(self) -> None:
        while self._waiters:
            try:
                keys = await to_thread.run_sync(
                    self._changed, frozenset(self._waiters), limiter=self._looking
                )
                for key in keys:
                    for event in self._waiters.get(key, ()):
                        event.set()
            except Exception:
                # A database that is away for a moment must not end everybody's streams.
                logger.exception("looking for news failed and is tried again")
            await asyncio.sleep(self._every_s)
