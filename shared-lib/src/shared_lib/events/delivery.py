"""Delivering outbox rows: an HTTP POST each, removed only by the subscriber's 2xx.

Runs in the producer's supervisor. Rows are leased for the length of a try by moving their
`next_attempt_at`, so several supervisors share the work; a row that one of them took to its
grave is tried again when that time has passed.

A subscriber gets its events in the order in which they were written, as long as it takes them and
one supervisor delivers. A row that it refuses waits alone; when it does not answer at all, all of
its rows wait, and go out in order once it is back.
"""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import httpx
from sqlalchemy import delete, select, update

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.internal import EVENTS_PATH
from shared_lib.contracts.services import ServiceName
from shared_lib.db.engine import Database
from shared_lib.events.models import OutboxRow
from shared_lib.faults import crash_point

logger = logging.getLogger(__name__)

BATCH = 50
LEASE_S = 30.0
FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 60.0
LONGEST_SILENCE_S = 5.0
PATIENCE = 5
NOT_ANSWERING = frozenset({502, 503, 504})

EventPoster = Callable[[ServiceName, str, str, str | None, dict[str, object]], httpx.Response]
"""`(target, path, tenant, flow_id, body)`: a POST signed in the name of this service."""


@dataclass
class _Silence:
    """A subscriber that does not answer, and when it is asked again."""

    tries: int = 0
    until: float = 0.0


class Delivery:
    """Delivers one service's outbox. Calls for different subscribers may run in parallel.

    Args:
        database: the producer's database.
        post: sends one event; raises `httpx.TransportError` when nobody answers.
        lease_s: rows that a killed supervisor had taken are tried again after so many seconds; as
            long as a job's lease.
    """

    def __init__(self, database: Database, *, post: EventPoster, lease_s: float = LEASE_S) -> None:
        self._database = database
        self._post = post
        self._lease_s = lease_s
        self._silent: dict[str, _Silence] = {}

    def due(self) -> list[str]:
        """The subscribers that have something to get now; a read, so that polling locks nothing."""
        with self._database.read() as view:
            query = select(OutboxRow.subscriber).where(OutboxRow.next_attempt_at <= utc_now())
            waiting = view.session.scalars(query.distinct())
            return [name for name in waiting if not self._is_silent(name)]

    def run_once(self, *, stopped: Callable[[], bool] = lambda: False) -> int:
        """Try every row that is due, each subscriber's oldest first; how many were delivered."""
        return sum(self.deliver_to(name, stopped=stopped) for name in self.due())

    def deliver_to(self, subscriber: str, *, stopped: Callable[[], bool] = lambda: False) -> int:
        """Try a batch of one subscriber's rows that are due; how many were delivered."""
        delivered = 0
        rows = self._lease(subscriber)
        # No row is begun so late that its try would outlive the lease.
        until = time.monotonic() + self._lease_s / 2
        for index, row in enumerate(rows):
            if stopped() or time.monotonic() > until or self._is_silent(subscriber):
                self._give_back(rows[index:])
                break
            delivered += self._try(row)
        return delivered

    def _lease(self, subscriber: str) -> list[OutboxRow]:
        now = utc_now()
        with self._database.write() as unit:
            query = (
                select(OutboxRow)
                .where(OutboxRow.subscriber == subscriber, OutboxRow.next_attempt_at <= now)
                .order_by(OutboxRow.id)
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            )
            rows = list(unit.session.scalars(query))
            for row in rows:
                row.attempts += 1
                row.next_attempt_at = now + timedelta(seconds=self._lease_s)
            unit.session.flush()
            unit.session.expunge_all()
        crash_point("events.delivery.leased")
        return rows

    def _give_back(self, rows: list[OutboxRow]) -> None:
        """Rows that were leased and not tried are due again at once."""
        with self._database.write() as unit:
            unit.session.execute(
                update(OutboxRow)
                .where(OutboxRow.id.in_([row.id for row in rows]))
                .values(next_attempt_at=utc_now(), attempts=OutboxRow.attempts - 1)
            )

    def _try(self, row: OutboxRow) -> bool:
        event = row.event
        try:
            response = self._post(
                ServiceName(row.subscriber), EVENTS_PATH, event["tenant"], event["flow_id"], event
            )
        except httpx.TransportError as error:
            nobody_there = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            reason = f"{type(error).__name__}: {error}"
            self._keep_silent(row, reason=reason, blameless=nobody_there)
            return False
        crash_point("events.delivery.answered")
        if response.status_code in NOT_ANSWERING:
            reason = f"{response.status_code}: {response.text[:500]}"
            self._keep_silent(row, reason=reason, blameless=False)
            return False
        self._silent.pop(row.subscriber, None)
        if not response.is_success:
            wait_s = _backoff(row.attempts, longest_s=LONGEST_WAIT_S)
            self._postpone(
                row, reason=f"{response.status_code}: {response.text[:500]}", wait_s=wait_s
            )
            return False
        with self._database.write() as unit:
            unit.session.execute(delete(OutboxRow).where(OutboxRow.id == row.id))
        return True

    def _is_silent(self, subscriber: str) -> bool:
        silence = self._silent.get(subscriber)
        return silence is not None and time.monotonic() < silence.until

    def _keep_silent(self, row: OutboxRow, *, reason: str, blameless: bool) -> None:
        """Ask the subscriber nothing for a while; its rows keep their turn.

        Args:
            blameless: the row cannot be the reason. One that may be, tried often enough, waits
                alone, so that it does not hold up those behind it for ever.
        """
        silence = self._silent.setdefault(row.subscriber, _Silence())
        silence.tries += 1
        silence.until = time.monotonic() + _backoff(silence.tries, longest_s=LONGEST_SILENCE_S)
        keeps_turn = blameless or row.attempts <= PATIENCE
        wait_s = 0.0 if keeps_turn else _backoff(row.attempts, longest_s=LONGEST_WAIT_S)
        self._postpone(row, reason=reason, wait_s=wait_s)

    def _postpone(self, row: OutboxRow, *, reason: str, wait_s: float) -> None:
        logger.warning(
            "event not delivered, trying again",
            extra={"event": row.event["name"], "to": row.subscriber, "reason": reason},
        )
        with self._database.write() as unit:
            unit.session.execute(
                update(OutboxRow)
                .where(OutboxRow.id == row.id)
                .values(next_attempt_at=utc_now() + timedelta(seconds=wait_s), last_error=reason)
            )


def _backoff(tries: int, *, longest_s: float) -> float:
    wait_s: float = min(longest_s, FIRST_WAIT_S * 2.0 ** min(tries - 1, 10))
    return wait_s * random.uniform(0.8, 1.2)
