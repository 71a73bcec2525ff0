"""The writer: takes entries from a bounded queue in batches, in a thread of its own.

The hot path only appends to a deque. When the queue is full an entry is dropped and counted: a
slow disk must not slow requests down. What could not be written to the database is still in the
file, and the other way round.
"""

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from gateway.dispatcher.tracing import oldest_request_id
from gateway.request_log.json_lines import RotatingLines
from gateway.request_log.repository import RequestRepository
from gateway.settings import RequestLogSettings
from shared_lib.contracts.base import format_utc
from shared_lib.db.engine import Database

logger = logging.getLogger(__name__)

BATCH = 1000
TIDY_EVERY_S = 3600.0
MAX_PATH_LENGTH = 500


class Finished(NamedTuple):
    """One request that is over, as the dispatcher saw it. `at` is seconds since the epoch."""

    id: str
    request_id: str
    at: float
    tenant: str | None
    subject: str | None
    method: str
    path: bytes
    service: str
    status: int
    bytes_in: int
    bytes_out: int
    duration_ms: float
    client: str
    trace_id: str
    error_code: str | None


class RequestLog:
    """The bounded queue and its writer.

    Args:
        chores: further work that is done with each batch, such as writing `last_used_at`.
    """

    def __init__(
        self,
        database: Database,
        *,
        settings: RequestLogSettings,
        lines: RotatingLines,
        chores: tuple[Callable[[], None], ...] = (),
    ) -> None:
        self._database = database
        self._settings = settings
        self._lines = lines
        self._chores = chores
        self._queue: deque[Finished] = deque()
        self._something = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._tidied = 0.0
        self.dropped = 0
        self.written = 0

    def add(self, entry: Finished) -> None:
        """Queue an entry; never blocks."""
        if len(self._queue) >= self._settings.queue:
            self.dropped += 1
            return
        self._queue.append(entry)
        if not self._something.is_set():
            self._something.set()

    def start(self) -> None:
        """Start the writer's thread."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="request-log", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what is queued and stop."""
        if self._thread is not None:
            self._stopping.set()
            self._something.set()
            self._thread.join()
            self._thread = None
        self._lines.close()

    def flush(self) -> None:
        """Write everything that is queued, in the calling thread."""
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            rows = [_row(entry) for entry in batch]
            self._try("the file", partial(self._write_lines, rows))
            self._try("the database", partial(self._write_rows, rows))
            self.written += len(batch)
        for chore in self._chores:
            self._try("the keys' last use", chore)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._something.wait()
            # Collect for a moment: one commit for many requests.
            self._stopping.wait(self._settings.flush_s)
            self._something.clear()
            self.flush()
            self._tidy()
        self.flush()

    def _write_lines(self, rows: list[dict[str, Any]]) -> None:
        lines = [json.dumps({**row, "at": format_utc(row["at"])}) for row in rows]
        self._lines.write(("\n".join(lines) + "\n").encode())

    def _write_rows(self, rows: list[dict[str, Any]]) -> None:
        with self._database.write() as unit:
            RequestRepository(unit).add_all(rows)

    def _tidy(self) -> None:
        if time.monotonic() - self._tidied < TIDY_EVERY_S and self._tidied:
            return
        self._tidied = time.monotonic()
        before = oldest_request_id(at=time.time() - self._settings.keep_days * 86_400)

        def forget() -> None:
            with self._database.write() as unit:
                RequestRepository(unit).forget(before=before)

        self._try("tidying", forget)

    def _try(self, what: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            # The log must outlive a full disk or a database that is away for a while.
            logger.exception("writing the request log failed: %s", what)


def _row(entry: Finished) -> dict[str, Any]:
    row = entry._asdict()
    row["at"] = datetime.fromtimestamp(entry.at, UTC)
    row["path"] = entry.path.decode("ascii", "replace")[:MAX_PATH_LENGTH]
    return row
