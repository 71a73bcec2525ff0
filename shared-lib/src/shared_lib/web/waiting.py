"""`Prefer: wait=N` (RFC 7240, section 4.3): answer when it has ended, or after N seconds."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread

from shared_lib.web.tailer import Tailer

ResultT = TypeVar("ResultT")

LONGEST_WAIT_S = 60.0
_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])")
_ENTRY_ID = re.compile(r"[0-9]{1,18}")


def wanted_wait(prefer: str | None) -> float | None:
    """The seconds that a `Prefer` header asks for, at most a minute; None when it does not."""
    found = _WAIT.search(prefer or "")
    return min(float(found.group(1)), LONGEST_WAIT_S) if found else None


def resumed_after(last_event_id: str | None) -> int:
    """The entry that a stream goes on after; 0, its beginning, for an id that is not ours."""
    return int(last_event_id) if last_event_id and _ENTRY_ID.fullmatch(last_event_id) else 0


async def wait_for(
    read: Callable[[], ResultT],
    *,
    tailer: Tailer,
    key: str,
    until: Callable[[ResultT], bool],
    wait_s: float,
) -> ResultT:
    """Read again whenever something about `key` changed, until it is as wanted or time is up.

    `read` blocks and runs in one of the tailer's few threads; waiting itself needs none.
    """
    deadline = time.monotonic() + wait_s
    async with tailer.subscribe(key) as changed:
        while True:
            changed.clear()
            found = await to_thread.run_sync(read, limiter=tailer.readers)
            left = deadline - time.monotonic()
            if until(found) or left <= 0 or tailer.closed:
                return found
            await changed_within(changed, left)


async def changed_within(changed: asyncio.Event, seconds: float) -> bool:
    """Whether something changed within that time."""
    try:
        await asyncio.wait_for(changed.wait(), seconds)
    except TimeoutError:
        return False
    return True
