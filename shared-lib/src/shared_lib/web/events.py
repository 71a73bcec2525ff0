"""Where events come in: `POST /internal/v1/events`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from shared_lib.contracts.base import Contract
from shared_lib.contracts.events import Event
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.internal import EVENTS_PATH
from shared_lib.events.inbox import receive
from shared_lib.faults import crash_point
from shared_lib.web.identity import NotForThisCallerError, requires_service
from shared_lib.web.state import state_of

router = APIRouter(include_in_schema=False)


class EventTaken(Contract):
    """The event's effect is durable; `new` is false when it had been before."""

    new: bool


@router.post(EVENTS_PATH)
def take_event(
    request: Request, event: Event, caller: Annotated[Caller, Depends(requires_service)]
) -> EventTaken:
    """Store the event's id and its effect in one transaction."""
    if caller.issuer != event.producer or caller.tenant != event.tenant:
        raise NotForThisCallerError("An event is delivered by its producer, for its own tenant.")
    state = state_of(request)
    with state.runtime.database.write() as unit:
        new = receive(unit, event=event, handlers=state.handlers)
        crash_point("events.inbox.before_commit")
    crash_point("events.inbox.committed")
    return EventTaken(new=new)
