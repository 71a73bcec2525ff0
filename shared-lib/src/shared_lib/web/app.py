"""The app of a service: a flat list of what is configured."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI

from shared_lib.events.inbox import EventHandler
from shared_lib.identity import TokenVerifier, open_keyring
from shared_lib.jobs.queue import JobQueue
from shared_lib.jobs.runtime import Runtime
from shared_lib.web import events, health, jobs, status
from shared_lib.web.draining import Draining
from shared_lib.web.errors import PROBLEM_RESPONSES, configure_errors
from shared_lib.web.metrics import ObservedRequests, RequestMetrics
from shared_lib.web.parameters import refuse_unknown_parameters
from shared_lib.web.state import ServiceState
from shared_lib.web.tailer import Tailer


def create_service_app(
    runtime: Runtime,
    *,
    title: str,
    routers: Sequence[APIRouter] = (),
    handlers: Mapping[str, EventHandler] | None = None,
    services: Mapping[type[Any], Any] | None = None,
    tailers: Sequence[Tailer] = (),
    closers: Sequence[Callable[[], None]] = (),
    verifier: TokenVerifier | None = None,
) -> FastAPI:
    """A service's FastAPI app: errors, identity, health, metrics, jobs, events, its own routes.

    Args:
        closers: called when the app ends, such as what ends processes of its own.
    """
    job_tailer = Tailer(jobs.changed_jobs(runtime.database))
    app = FastAPI(
        title=title,
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan(runtime, closers=closers),
        dependencies=[Depends(refuse_unknown_parameters)],
        responses=PROBLEM_RESPONSES,
    )
    app.state.service = ServiceState(
        runtime=runtime,
        verifier=verifier
        or TokenVerifier(runtime.name, keyring=open_keyring(runtime.settings.secrets_folder)),
        queue=JobQueue(runtime),
        job_tailer=job_tailer,
        handlers=handlers or {},
        services=dict(services or {}),
    )
    app.state.known_parameters = {}
    app.state.tailers = (job_tailer, *tailers)
    app.state.draining = Draining(
        drain_s=runtime.settings.drain_s, end_streams=lambda: end_streams(app)
    )
    configure_errors(app)
    _configure_metrics(app, service=runtime.name)
    app.include_router(health.router)
    app.include_router(events.router)
    app.include_router(status.router)
    for router in routers:
        app.include_router(router)
    if runtime.kinds:
        app.include_router(jobs.router)
    return app


def _configure_metrics(app: FastAPI, *, service: str) -> None:
    app.state.metrics = RequestMetrics(service)
    app.add_middleware(ObservedRequests, metrics=app.state.metrics)


def _lifespan(runtime: Runtime, *, closers: Sequence[Callable[[], None]]) -> Any:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if runtime.settings.mode != "embedded":
            app.state.draining.install()
        try:
            yield
        finally:
            await end_streams(app)
            for close in closers:
                close()
            runtime.database.dispose()

    return lifespan


async def end_streams(app: FastAPI) -> None:
    """End all event streams and waits of an app: the first step of shutting down.

    A server ends an app's lifespan only when no request is open any more, and a stream is open for
    as long as its job runs: whoever runs the server calls this before it waits for the requests.
    """
    for tailer in app.state.tailers:
        await tailer.close()
