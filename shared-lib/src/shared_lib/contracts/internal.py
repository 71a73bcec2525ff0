"""Who may call whom behind the gateway. `/internal` is refused at the gateway itself."""

from dataclasses import dataclass

from shared_lib.contracts.services import SERVICES, ServiceName

EVENTS_PATH = "/internal/v1/events"
STATUS_PATH = "/internal/v1/status"


@dataclass(frozen=True)
class InternalCall:
    """One call that a service may make to another."""

    caller: ServiceName
    target: ServiceName
    path: str


def _deliveries() -> frozenset[InternalCall]:
    """Every service may deliver events to every service, itself included."""
    return frozenset(
        InternalCall(caller=caller, target=target, path=EVENTS_PATH)
        for caller in SERVICES
        for target in SERVICES
    )


def _questions() -> frozenset[InternalCall]:
    """The gateway may ask every service how it stands."""
    return frozenset(
        InternalCall(caller=ServiceName.GATEWAY, target=target, path=STATUS_PATH)
        for target in SERVICES
    )


INTERNAL_CALLS: frozenset[InternalCall] = _deliveries() | _questions()


def may_call(caller: str, *, target: str, path: str) -> bool:
    """Whether the table allows `caller` to call `path` of `target`."""
    return any(
        call.caller == caller and call.target == target and call.path == path
        for call in INTERNAL_CALLS
    )
