"""`/healthz`, `/readyz`, `/metrics`."""

import asyncio
import json
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from gateway.access import requires, state_of
from gateway.dispatcher.calls import call_plainly
from gateway.dispatcher.upstream import Upstream
from shared_lib.contracts.errors import FleetError
from shared_lib.contracts.scopes import Scope
from shared_lib.db.engine import Database
from shared_lib.web.identity import needs_nothing

router = APIRouter(include_in_schema=False)

ANSWER_WITHIN_S = 2.0


@router.get("/healthz", dependencies=[Depends(needs_nothing)])
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", dependencies=[Depends(needs_nothing)])
async def ready(request: Request) -> Response:
    """Whether the whole fleet behind this gateway can work; names each part that cannot."""
    state = state_of(request)
    names = list(state.upstreams)
    answers = await asyncio.gather(
        to_thread.run_sync(_check_database, state.database),
        *(_check_service(state.upstreams[name]) for name in names),
    )
    parts = ["database", *(name.value for name in names)]
    failing = {part: reason for part, reason in zip(parts, answers, strict=True) if reason}
    if state.draining.is_set():
        failing["process"] = "It is shutting down; another replica answers."
    body: dict[str, Any] = {"status": "failing" if failing else "ok", "failing": failing}
    return JSONResponse(body, status_code=503 if failing else 200)


@router.get("/metrics", dependencies=[Depends(requires(Scope.LOG_READ))])
async def metrics(request: Request) -> Response:
    """Prometheus text format."""
    registry = state_of(request).metrics.registry
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _check_database(database: Database) -> str | None:
    try:
        with database.read() as view:
            view.session.execute(text("SELECT 1"))
    except FleetError as error:
        return error.detail
    return None


async def _check_service(upstream: Upstream) -> str | None:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            answer = await call_plainly(upstream, "/readyz")
    except TimeoutError:
        return f"no answer within {ANSWER_WITHIN_S:g} s"
    except FleetError as error:
        return error.detail
    if answer.status == 200:
        return None
    try:
        reasons = json.loads(answer.body)["failing"]
        return "; ".join(f"{part}: {reason}" for part, reason in reasons.items())
    except (ValueError, KeyError, AttributeError, TypeError):
        return f"it answered {answer.status}"
