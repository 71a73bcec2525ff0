"""Asking every member of the fleet how it stands."""

import asyncio
from importlib.metadata import version

from anyio import to_thread

from gateway.state import GatewayState
from shared_lib.contracts.errors import FleetError
from shared_lib.contracts.internal import STATUS_PATH
from shared_lib.contracts.services import ServiceName
from shared_lib.contracts.status import FleetStatus, ServiceStatus
from shared_lib.db.migrations import current, head
from shared_lib.observability.disk import disk_of

ANSWER_WITHIN_S = 5.0


async def read_fleet_status(state: GatewayState) -> FleetStatus:
    """The gateway's own line and one for each service behind it."""
    names = list(state.upstreams)
    own, *others = await asyncio.gather(
        to_thread.run_sync(_own_status, state), *(_ask(state, name) for name in names)
    )
    return FleetStatus(mode=state.settings.mode, services=[own, *others])


def _own_status(state: GatewayState) -> ServiceStatus:
    try:
        revision, problem = current(state.database), None
    except FleetError as error:
        revision, problem = None, error.detail
    return ServiceStatus(
        service=ServiceName.GATEWAY,
        problem=problem,
        version=version("datafleet-gateway"),
        revision=revision,
        revision_needed=head("gateway"),
        disk=disk_of(state.settings.data),
    )


async def _ask(state: GatewayState, name: ServiceName) -> ServiceStatus:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            answer = await state.backend.ask_service(name, STATUS_PATH)
        return ServiceStatus.model_validate_json(answer.body)
    except TimeoutError:
        return ServiceStatus(service=name, problem=f"no answer within {ANSWER_WITHIN_S:g} s")
    except FleetError as error:
        return ServiceStatus(service=name, problem=error.detail)
