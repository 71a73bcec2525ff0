"""`/v1/status`: a line for each member of the fleet, for owners."""

from fastapi import APIRouter, Depends, Request

from gateway.access import requires, state_of
from gateway.status.service import read_fleet_status
from shared_lib.contracts.scopes import Scope
from shared_lib.contracts.status import FleetStatus

router = APIRouter(prefix="/v1/status", tags=["status"])


@router.get("", dependencies=[Depends(requires(Scope.TENANTS_READ))])
async def read_status(request: Request) -> FleetStatus:
    """Version, database, jobs, workers and disk of every service; who does not answer says why."""
    return await read_fleet_status(state_of(request))
