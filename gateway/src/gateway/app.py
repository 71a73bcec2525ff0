"""The gateway's app: a dispatcher around a FastAPI app for everything that is no service's."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI

from gateway.audit import endpoints as audit_endpoints
from gateway.dispatcher.clients import ClientResolver
from gateway.dispatcher.dispatcher import Dispatcher, Parts
from gateway.dispatcher.door import Door
from gateway.dispatcher.upstream import Upstream
from gateway.health import endpoints as health_endpoints
from gateway.keys import endpoints as keys_endpoints
from gateway.openapi import endpoints as openapi_endpoints
from gateway.openapi.service import ApiDocument
from gateway.pages.endpoints import configure_pages
from gateway.request_log import endpoints as request_log_endpoints
from gateway.sessions import endpoints as sessions_endpoints
from gateway.settings import GatewaySettings
from gateway.state import GatewayState, build_state
from gateway.status import endpoints as status_endpoints
from gateway.tenants import endpoints as tenants_endpoints
from shared_lib.contracts.services import ServiceName
from shared_lib.db.engine import Database
from shared_lib.identity import TokenSigner
from shared_lib.web.errors import PROBLEM_RESPONSES, configure_errors
from shared_lib.web.metrics import ObservedRequests, RequestMetrics
from shared_lib.web.parameters import refuse_unknown_parameters

ROUTERS: tuple[APIRouter, ...] = (
    health_endpoints.router,
    openapi_endpoints.router,
    keys_endpoints.router,
    sessions_endpoints.router,
    tenants_endpoints.router,
    request_log_endpoints.router,
    audit_endpoints.router,
    status_endpoints.router,
)


class Gateway(Dispatcher):
    """The whole gateway as one ASGI app.

    Attributes:
        app: its FastAPI part.
        state: its parts.
    """

    def __init__(self, parts: Parts, *, app: FastAPI, state: GatewayState) -> None:
        super().__init__(parts)
        self.app = app
        self.state = state

    def openapi(self) -> dict[str, Any]:
        """The document of the gateway's own routes."""
        return self.app.openapi()


def create_gateway(
    settings: GatewaySettings,
    *,
    upstreams: Mapping[ServiceName, Upstream],
    database: Database,
    signer: TokenSigner,
) -> Gateway:
    """The gateway in front of `upstreams`; its lifespan starts and stops them.

    Args:
        database: the gateway's own, already migrated.
        signer: signs as the gateway.
    """
    state = build_state(settings, upstreams=upstreams, database=database, signer=signer)
    app = create_app(state)
    parts = Parts(
        own=app,
        upstreams=upstreams,
        authenticator=state.authenticator,
        signer=signer,
        clients=ClientResolver(settings.trusted_proxies),
        limits=settings.limits,
        record=state.request_log.add,
        metrics=state.metrics,
        door=Door(settings.door_secret.get_secret_value() if settings.door_secret else None),
    )
    return Gateway(parts, app=app, state=state)


def create_app(state: GatewayState) -> FastAPI:
    """The FastAPI part alone; without the dispatcher nobody is ever signed in."""
    app = FastAPI(
        title="gateway",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan,
        dependencies=[Depends(refuse_unknown_parameters)],
        responses=PROBLEM_RESPONSES,
    )
    app.state.gateway = state
    app.state.known_parameters = {}
    configure_errors(app)
    # It answers unexpected errors as problems; the dispatcher counts requests itself.
    app.add_middleware(ObservedRequests, metrics=RequestMetrics(ServiceName.GATEWAY))
    for router in ROUTERS:
        app.include_router(router)
    configure_pages(app)
    configure_document(state.document, app=app)
    return app


def configure_document(document: ApiDocument, *, app: FastAPI) -> None:
    """Let the merged document start with the gateway's own routes."""
    document.own = app.openapi


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state: GatewayState = app.state.gateway
    if state.settings.mode != "embedded":
        state.draining.install()
    async with AsyncExitStack() as stack:
        stack.callback(state.database.dispose)
        state.request_log.start()
        stack.callback(state.last_use.write, now=True)
        stack.callback(state.request_log.close)
        stack.callback(state.authenticator.close)
        for upstream in state.upstreams.values():
            await upstream.start()
            stack.push_async_callback(upstream.close)
        yield
