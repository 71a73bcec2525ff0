"""Writing events beside the rows they speak of."""

from shared_lib.contracts.base import Contract, utc_now
from shared_lib.contracts.events import Event, EventSpec
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.services import ServiceName
from shared_lib.db.engine import WriteUnit
from shared_lib.doorbell import Doorbell
from shared_lib.events.models import OutboxRow


def emit(
    unit: WriteUnit,
    *,
    spec: EventSpec,
    payload: Contract,
    producer: ServiceName,
    tenant: str,
    flow_id: str | None,
    doorbell: Doorbell,
) -> Event:
    """Record an event for each of its subscribers and ring the producer's supervisor.

    Raises:
        TypeError: the payload is not the model that the contract names.
    """
    if not isinstance(payload, spec.payload):
        raise TypeError(f"{spec.name} carries {spec.payload.__name__}, not {type(payload)}")
    now = utc_now()
    event = Event(
        id=new_id(IdKind.EVENT),
        name=spec.name,
        schema_version=spec.schema_version,
        producer=producer,
        tenant=tenant,
        flow_id=flow_id,
        occurred_at=now,
        payload=payload.model_dump(mode="json"),
    )
    for subscriber in spec.subscribers:
        unit.session.add(
            OutboxRow(
                event_id=event.id,
                subscriber=subscriber.value,
                event=event.model_dump(mode="json"),
                attempts=0,
                next_attempt_at=now,
                created_at=now,
            )
        )
    if spec.subscribers:
        unit.after_commit(doorbell.ring)
    return event
