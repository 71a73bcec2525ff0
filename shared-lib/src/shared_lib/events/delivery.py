"""Delivering outbox rows: an HTTP POST each, removed only by the subscriber's 2xx.

Runs in the producer's supervisor. Rows are leased for the length of a try by moving their
`next_attempt_at`, so several supervisors share the work; a row that one of them took to its
grave is tried again when that time has passed.
"""

import logging
import random
from collections.abc import Callable
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

BATCH = 100
TRY_LASTS = timedelta(seconds=15)
LONGEST_WAIT_S = 60.0

EventPoster = Callable[[ServiceName, str, str, str | None, dict[str, object]], httpx.Response]
"""`(target, path, tenant, flow_id, body)`: a POST signed in the name of this service."""


class Delivery:
    """Delivers one service's outbox.

    Args:
        database: the producer's database.
        post: sends one event; raises `httpx.TransportError` when nobody answers.
    """

    def __init__(self, database: Database, *, post: EventPoster) -> None:
        self._database = database
        self._post = post

    def run_once(self) -> int:
        """Try every row that is due, oldest first; the number that was delivered."""
        delivered = 0
        silent: dict[str, str] = {}
        for row in self._lease_due():
            reason = silent.get(row.subscriber)
            if reason is None:
                try:
                    delivered += self._deliver(row)
                except httpx.TransportError as error:
                    # Who does not answer gets no more tries in this round.
                    reason = silent[row.subscriber] = f"{type(error).__name__}: {error}"
            if reason is not None:
                self._postpone(row, reason=reason)
        return delivered

    def _lease_due(self) -> list[OutboxRow]:
        now = utc_now()
        with self._database.read() as view:
            due = select(OutboxRow.id).where(OutboxRow.next_attempt_at <= now).limit(1)
            if view.session.scalar(due) is None:
                return []
        with self._database.write() as unit:
            query = (
                select(OutboxRow)
                .where(OutboxRow.next_attempt_at <= now)
                .order_by(OutboxRow.id)
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            )
            rows = list(unit.session.scalars(query))
            for row in rows:
                row.attempts += 1
                row.next_attempt_at = now + TRY_LASTS
            unit.session.flush()
            unit.session.expunge_all()
            return rows

    def _deliver(self, row: OutboxRow) -> bool:
        event = row.event
        response = self._post(
            ServiceName(row.subscriber), EVENTS_PATH, event["tenant"], event["flow_id"], event
        )
        crash_point("events.delivery.answered")
        if not response.is_success:
            self._postpone(row, reason=f"{response.status_code}: {response.text[:500]}")
            return False
        with self._database.write() as unit:
            unit.session.execute(delete(OutboxRow).where(OutboxRow.id == row.id))
        return True

    def _postpone(self, row: OutboxRow, *, reason: str) -> None:
        wait = min(LONGEST_WAIT_S, 0.25 * 2 ** min(row.attempts, 10)) * random.uniform(0.8, 1.2)
        logger.warning(
            "event not delivered, trying again",
            extra={"event": row.event["name"], "to": row.subscriber, "reason": reason},
        )
        with self._database.write() as unit:
            unit.session.execute(
                update(OutboxRow)
                .where(OutboxRow.id == row.id)
                .values(next_attempt_at=utc_now() + timedelta(seconds=wait), last_error=reason)
            )
