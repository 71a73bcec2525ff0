"""Taking events in: the event's id and its effect are one transaction."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

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
    try:
        payload = spec.payload.model_validate(event.payload)
    except ValidationError as error:
        raise UnknownEventError(f"The payload of {event.name} does not fit: {error}") from error
    if not _remember(unit, event):
        return False
    handler(unit, event, payload)
    return True


def _remember(unit: WriteUnit, event: Event) -> bool:
    """Store the event's id; False when it is there. Waits for another unit that stores it now."""
    dialect = unit.session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = (
        insert(InboxRow)
        .values(event_id=event.id, name=event.name, received_at=utc_now())
        .on_conflict_do_nothing()
        .returning(InboxRow.event_id)
    )
    return unit.session.scalar(statement) is not None


def forget_old_events(unit: WriteUnit) -> None:
    """Drop ids of events so old that no delivery of them can be under way."""
    unit.session.execute(delete(InboxRow).where(InboxRow.received_at < utc_now() - KEPT))
