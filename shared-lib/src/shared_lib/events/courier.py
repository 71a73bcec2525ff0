"""The courier: one thread that looks for due events, and a few that carry them.

Each subscriber of each service is served by at most one carrier at a time, so events keep their
order, and a subscriber that is slow to answer delays nobody else.
"""

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from shared_lib.events.delivery import Delivery

logger = logging.getLogger(__name__)

CARRIERS = 8
WAIT_AFTER_FAILURE_S = 1.0


class Courier:
    """Carries the outboxes of one or more services until it is stopped.

    Args:
        deliveries: one per service.
        poll_s: how often to look without being rung.
    """

    def __init__(self, deliveries: Sequence[Delivery], *, poll_s: float) -> None:
        self._deliveries = deliveries
        self._poll_s = poll_s
        self._rung = threading.Event()
        self._stopped = threading.Event()
        self._carriers = ThreadPoolExecutor(CARRIERS, thread_name_prefix="carrier")
        self._busy: dict[tuple[int, str], Future[None]] = {}
        self._thread = threading.Thread(target=self._run, name="courier")

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def ring(self) -> None:
        """There may be something to carry."""
        self._rung.set()

    def stop(self) -> None:
        """Finish the tries that are under way and begin no more."""
        self._stopped.set()
        self._rung.set()
        self._thread.join()
        self._carriers.shutdown(cancel_futures=True)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._rung.clear()
            for number, delivery in enumerate(self._deliveries):
                self._look(number, delivery)
            self._rung.wait(self._poll_s)

    def _look(self, number: int, delivery: Delivery) -> None:
        try:
            due = delivery.due()
        except Exception:
            # One database that is away must not end the deliveries of the others.
            logger.exception("looking for events to deliver failed and is tried again")
            self._stopped.wait(WAIT_AFTER_FAILURE_S)
            return
        for subscriber in due:
            running = self._busy.get((number, subscriber))
            if running is None or running.done():
                self._busy[number, subscriber] = self._carriers.submit(
                    self._carry, delivery, subscriber
                )

    def _carry(self, delivery: Delivery, subscriber: str) -> None:
        try:
            delivered = delivery.deliver_to(subscriber, stopped=self._stopped.is_set)
        except Exception:
            # Whatever it was, the rows are still there and are tried again.
            logger.exception("delivering failed and is tried again", extra={"to": subscriber})
            self._stopped.wait(WAIT_AFTER_FAILURE_S)
            return
        if delivered:
            # There may be more than one batch.
            self._rung.set()
