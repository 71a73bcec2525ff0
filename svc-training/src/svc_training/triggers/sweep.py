"""Asks the triggers whose time has come; every supervisor runs it, and each time is taken once."""

import logging
from collections.abc import Callable
from datetime import datetime

from shared_lib.contracts.base import utc_now
from shared_lib.jobs.runtime import Runtime
from svc_training.training_jobs.service import TrainingJobs
from svc_training.triggers.repository import TriggerRepository
from svc_training.triggers.service import Triggers

logger = logging.getLogger(__name__)

_AT_ONCE = 100


class ScheduleSweep:
    """Has due triggers decide, each in a transaction of its own.

    Args:
        clock: says what time it is, aware.
    """

    def __init__(self, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock

    def __call__(self, runtime: Runtime) -> None:
        """Ask those that are due; called often."""
        now = self._clock()
        with runtime.database.read() as view:
            due = TriggerRepository(view).due(now, limit=_AT_ONCE)
        if not due:
            return
        triggers = Triggers(runtime, training_jobs=TrainingJobs(runtime))
        for trigger_id, due_at in due:
            try:
                with runtime.database.write() as unit:
                    triggers.fire(unit, trigger_id, due_at=due_at, now=now)
            except Exception:
                # It stays due and is asked again; the schedules of everybody else must not wait.
                logger.exception("a due trigger could not be asked", extra={"id": trigger_id})
