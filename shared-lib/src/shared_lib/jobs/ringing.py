"""The doorbell of a fleet on several machines: a Celery task on Redis, one queue a service.

A ring says "look now" and carries nothing: a killed worker loses the task that it took and a wiped
Redis loses all of them, so the row in the database is the truth. A ring is never retried, never
acknowledged late, and not sent at all while another one waits to be heard.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from celery import Celery

logger = logging.getLogger(__name__)

RING = "fleet.ring"
WAIT_AFTER_FAILURE_S = 1.0
ANSWER_WITHIN_S = 2.0


def make_celery(redis_url: str, *, queue: str) -> Celery:
    """The Celery app of one queue, for those who ring and for those who listen."""
    from celery import Celery  # noqa: PLC0415 - a third of a second; only a fleet needs it

    app = Celery(queue, broker=redis_url, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_default_queue=queue,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "socket_connect_timeout": ANSWER_WITHIN_S,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
    )
    return app


class RemoteDoorbell:
    """Rings whoever works for a service, wherever that is.

    Args:
        redis_url: Celery's broker.
        queue: the service's queue.
    """

    def __init__(self, redis_url: str, *, queue: str) -> None:
        self._redis_url = redis_url
        self._queue = queue
        self._rung = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def ring(self) -> None:
        """Have a thread of its own send the ring; several at once become one."""
        self._rung.set()
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        app, away = make_celery(self._redis_url, queue=self._queue), False
        while True:
            self._rung.wait()
            self._rung.clear()
            try:
                self._send(app)
            except Exception as error:  # noqa: BLE001 - the fleet is slower without, not wrong
                if not away:
                    logger.warning("nobody can be rung for new work: %s", error)
                away = True
                time.sleep(WAIT_AFTER_FAILURE_S)
            else:
                away = False

    def _send(self, app: Celery) -> None:
        with app.producer_or_acquire() as producer:
            # Where nobody listens, rings must not pile up: one that waits says it all.
            queue = app.amqp.queues[self._queue].bind(producer.channel)
            if queue.queue_declare().message_count == 0:
                app.send_task(RING, producer=producer, retry=False, ignore_result=True)


class RingListener:
    """Hears the rings of some queues with a Celery worker in a thread of its own.

    Celery reconnects by itself for as long as it takes; what goes wrong in it never reaches the
    supervisor, which finds the same work when it polls.

    Args:
        heard: called at each ring; must not block.
    """

    def __init__(self, redis_url: str, *, queues: Sequence[str], heard: Callable[[], None]) -> None:
        self._app = make_celery(redis_url, queue=queues[0])
        self._queues = list(queues)

        def ring() -> None:
            # Celery reads a function's own signature; what it is given here may be a bound method.
            heard()

        self._app.task(name=RING)(ring)
        self._stopped = threading.Event()
        self._controller: Any = None
        self._thread = threading.Thread(target=self._run, name="celery", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; a connection that hangs is left to the process' end."""
        self._stopped.set()
        if self._controller is not None:
            with contextlib.suppress(Exception):
                self._controller.stop()
        self._thread.join(ANSWER_WITHIN_S)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._controller = self._app.WorkController(
                    queues=self._queues,
                    pool="threads",
                    concurrency=1,
                    without_mingle=True,
                    without_gossip=True,
                )
                self._controller.start()
            except Exception:
                # Celery may fail in any way: the supervisor polls meanwhile, and must not notice.
                logger.exception("listening for rings failed and is tried again")
            self._stopped.wait(WAIT_AFTER_FAILURE_S)
