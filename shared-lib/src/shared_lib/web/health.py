"""Liveness, readiness and metrics of a service."""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from shared_lib.contracts.errors import FleetError
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
    try:
        with runtime.database.read() as view:
            view.session.execute(text("SELECT 1"))
    except FleetError as error:
        failing["database"] = error.detail
    try:
        runtime.store.exists("raw/ready")
    except FleetError as error:
        failing["object store"] = error.detail
    body: dict[str, Any] = {"status": "ok" if not failing else "failing", "failing": failing}
    return JSONResponse(body, status_code=200 if not failing else 503)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Prometheus text format."""
    registry = request.app.state.metrics.registry
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
