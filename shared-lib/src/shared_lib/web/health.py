"""Liveness, readiness, metrics and the OpenAPI document of a service."""

from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from shared_lib.contracts.errors import FleetError
from shared_lib.db.migrations import check_migrated
from shared_lib.jobs.runtime import Runtime
from shared_lib.web.identity import needs_nothing
from shared_lib.web.state import state_of

router = APIRouter(dependencies=[Depends(needs_nothing)], include_in_schema=False)


@router.get("/healthz")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def ready(request: Request) -> Response:
    """Whether the service can do its work; names each part that cannot."""
    runtime = state_of(request).runtime
    failing: dict[str, str] = {}
    if request.app.state.draining.is_set():
        failing["process"] = "It is shutting down; another replica answers."
    try:
        _check_database(request.app, runtime)
    except FleetError as error:
        failing["database"] = error.detail
    try:
        runtime.store.exists("raw/ready")
    except FleetError as error:
        failing["object store"] = error.detail
    body: dict[str, Any] = {"status": "ok" if not failing else "failing", "failing": failing}
    return JSONResponse(body, status_code=200 if not failing else 503)


def _check_database(app: FastAPI, runtime: Runtime) -> None:
    """The database answers, and stands where this release needs it.

    Raises:
        FleetError: it does not; the detail says what to do.
    """
    with runtime.database.read() as view:
        view.session.execute(text("SELECT 1"))
    if not getattr(app.state, "migrated", False):
        check_migrated(runtime.spec.package, runtime.database)
        app.state.migrated = True


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Prometheus text format."""
    registry = request.app.state.metrics.registry
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/openapi.json")
def openapi(request: Request) -> JSONResponse:
    """The service's own document; the gateway shows all of them as one."""
    return JSONResponse(request.app.openapi())
