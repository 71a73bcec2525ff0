"""Taking events in: the event's id and its effect are one transaction."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.errors import InvalidInputError
from shared_lib.contracts.events import EVENTS, Event
from shared_lib.db.engine import WriteUnit
from shared_lib.events.models import InboxRow

EventHandler = Callable[[WriteUnit, Event, Any], None]
"""`(unit, event, payload)`: the effect of one event, written through `unit`."""

KEPT = timedelta(days=14)


class UnknownEventError(InvalidInputError):
    """The event's name or version is not one that this service understands."""

    code = "unknown_event"
    title = "The event is not understood"


def receive(unit: WriteUnit, *, event: Event, handlers: Mapping[str, EventHandler]) -> bool:
    """Store the event's id and run its handler; False when it had been taken before.

    Raises:
        UnknownEventError: no handler, a version ahead of ours, or a payload that does not fit.
    """
    spec, handler = EVENTS.get(event.name), handlers.get(event.name)
    if spec is None or handler is None:
        raise UnknownEventError(f"This service does not listen to {event.name}.")
    if event.schema_version not in (spec.schema_version, spec.schema_version - 1):
        raise UnknownEventError(
            f"{event.name} version {event.schema_version} is not understood here; "
            f"version {spec.schema_version} and the one before it are. Upgrade this service first."
        )
    if unit.session.get(InboxRow, event.id) is not None:
        return False
    try:
        payload = spec.payload.model_validate(event.payload)
    except ValidationError as error:
        raise UnknownEventError(f"The payload of {event.name} does not fit: {error}") from error
    unit.session.add(InboxRow(event_id=event.id, name=event.name, received_at=utc_now()))
    unit.session.flush()
    handler(unit, event, payload)
    return True


def forget_old_events(unit: WriteUnit) -> None:
    """Drop ids of events so old that no delivery of them can be under way."""
    unit.session.execute(delete(InboxRow).where(InboxRow.received_at < utc_now() - KEPT))
