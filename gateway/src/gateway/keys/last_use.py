"""When keys were last used, collected in memory and written once in a while."""

import time
from collections.abc import Callable
from datetime import datetime

from gateway.keys.repository import KeyRepository
from shared_lib.db.engine import Database

EVERY_S = 15.0


class LastUse:
    """Collects uses; `write` is called often and writes at most every fifteen seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._used: dict[str, datetime] = {}
        self._written: float | None = None

    def note(self, key_id: str, at: datetime) -> None:
        """A key was used."""
        self._used[key_id] = at

    def write(self, *, now: bool = False) -> None:
        """Write what was collected, if it is time or `now`."""
        due = self._written is None or self._clock() - self._written >= EVERY_S
        if not self._used or not (due or now):
            return
        self._written = self._clock()
        used, self._used = self._used, {}
        with self._database.write() as unit:
            KeyRepository(unit).touch(used)
