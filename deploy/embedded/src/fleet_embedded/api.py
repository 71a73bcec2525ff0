"""`python -m fleet_embedded.api`: gateway and all services in one process."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

from fleet_embedded.members import MEMBERS
from fleet_embedded.prepare import prepare_service
from fleet_embedded.settings import EmbeddedSettings
from fleet_embedded.sockets import socket_path
from fleet_embedded.switchboard import Switchboard
from gateway.embedding import EmbeddedGateway, open_gateway
from gateway.server import serve_config
from shared_lib.contracts.services import ServiceName

DRAIN_S = 10


@dataclass(frozen=True)
class Fleet:
    """Every app of the process."""

    gateway: EmbeddedGateway
    services: dict[ServiceName, FastAPI]


def build(embedded: EmbeddedSettings) -> Fleet:
    """Make keys, migrate, and build every app."""
    services: dict[ServiceName, FastAPI] = {}
    for member in MEMBERS:
        settings = member.settings(embedded.data)
        prepare_service(settings, package=member.package)
        services[member.name] = member.app(settings)
    return Fleet(gateway=open_gateway(embedded.data, services=services), services=services)


class QuietServer(uvicorn.Server):
    """A server that leaves signals to the process: two run in one loop."""

    @asynccontextmanager
    async def _no_signals(self) -> AsyncIterator[None]:
        yield


async def serve(embedded: EmbeddedSettings) -> None:
    """Serve people on the launcher's socket, and services on the Unix socket."""
    fleet = build(embedded)
    internal_path = socket_path(embedded.data)
    internal_path.parent.mkdir(parents=True, exist_ok=True)
    internal_path.unlink(missing_ok=True)
    public = uvicorn.Server(serve_config(fleet.gateway.app, drain_s=DRAIN_S))
    internal = uvicorn.Server(
        uvicorn.Config(
            Switchboard(dict(fleet.services)),
            uds=str(internal_path),
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=DRAIN_S,
        )
    )

    def stop() -> None:
        public.should_exit = internal.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
