"""How a service stands, for the gateway: `GET /internal/v1/status`."""

from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from shared_lib.contracts.errors import FleetError
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.internal import STATUS_PATH
from shared_lib.contracts.status import ServiceStatus
from shared_lib.db.migrations import check_migrated, current, head
from shared_lib.jobs.repository import JobRepository
from shared_lib.jobs.workers import WorkerRepository
from shared_lib.observability.disk import disk_of
from shared_lib.web.identity import requires_service
from shared_lib.web.state import state_of

router = APIRouter(include_in_schema=False)


@router.get(STATUS_PATH)
def read_status(request: Request, _: Annotated[Caller, Depends(requires_service)]) -> ServiceStatus:
    """The service as it sees itself."""
    runtime = state_of(request).runtime
    package = runtime.spec.package
    found: dict[str, Any] = {}
    try:
        found["revision"] = current(runtime.database)
        check_migrated(package, runtime.database)
        with runtime.database.read() as view:
            found["jobs"] = JobRepository(view).count_open()
            workers = WorkerRepository(view)
            found["workers"], found["gpus"] = workers.count(), workers.gpus()
    except FleetError as error:
        found["problem"] = error.detail
    return ServiceStatus(
        service=runtime.name,
        version=version(f"datafleet-{runtime.name}"),
        revision_needed=head(package),
        disk=disk_of(runtime.settings.data),
        **found,
    )
