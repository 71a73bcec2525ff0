"""`python -m fleet_embedded.api`: gateway and all services in one process."""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import Iterator

import uvicorn
import uvloop
from fastapi import FastAPI

from fleet_embedded.launcher import SOCKET_VARIABLE
from fleet_embedded.lifeline import hold_on, say_ready
from fleet_embedded.members import MEMBERS
from fleet_embedded.prepare import prepare_service
from fleet_embedded.settings import EmbeddedSettings
from fleet_embedded.sockets import socket_path
from fleet_embedded.switchboard import Switchboard
from gateway.app import Gateway, create_gateway
from gateway.bootstrap import bootstrap
from gateway.dispatcher.upstream import InProcessUpstream
from gateway.server import server_config
from gateway.settings import GatewaySettings
from shared_lib.contracts.services import ServiceName
from shared_lib.db.engine import Database
from shared_lib.identity import open_signer
from shared_lib.observability import configure_logging

DRAIN_S = 5


def build_services(embedded: EmbeddedSettings) -> dict[ServiceName, FastAPI]:
    """Make the keys, migrate, and build every service."""
    apps: dict[ServiceName, FastAPI] = {}
    for member in MEMBERS:
        settings = member.settings(embedded.data)
        prepare_service(settings, package=member.package)
        apps[member.name] = member.app(settings)
    return apps


def build_gateway(
    settings: GatewaySettings, *, services: dict[ServiceName, FastAPI]
) -> tuple[Gateway, str | None]:
    """The gateway in front of the services, and the owner's key when it was made just now."""
    signer = open_signer(settings.secrets_folder, issuer=ServiceName.GATEWAY, create=True)
    database = Database(settings.database.url)
    secret = bootstrap(settings, database=database)
    gateway = create_gateway(
        settings,
        upstreams={name: InProcessUpstream(app) for name, app in services.items()},
        database=database,
        signer=signer,
    )
    return gateway, secret


class QuietServer(uvicorn.Server):
    """A server that leaves the signals to the process: two of them run in one loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


async def serve(embedded: EmbeddedSettings) -> None:
    """Serve people on the launcher's socket, and services on the Unix socket."""
    services = build_services(embedded)
    settings = GatewaySettings(mode="embedded", data=embedded.data.absolute())
    gateway, secret = build_gateway(settings, services=services)
    public = QuietServer(
        server_config(gateway, settings=settings.http, timeout_graceful_shutdown=DRAIN_S)
    )
    internal = QuietServer(_internal_config(services, embedded=embedded))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, public, internal)
    # Nobody is there any more to restart or end us.
    hold_on(lambda: os.kill(os.getpid(), signal.SIGKILL))
    listener = socket.socket(fileno=int(os.environ[SOCKET_VARIABLE]))
    async with asyncio.TaskGroup() as group:
        group.create_task(public.serve(sockets=[listener]))
        group.create_task(internal.serve())
        group.create_task(_announce(public, internal, secret=secret))


def _internal_config(
    services: dict[ServiceName, FastAPI], *, embedded: EmbeddedSettings
) -> uvicorn.Config:
    path = socket_path(embedded.data)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    return uvicorn.Config(
        Switchboard(services),
        uds=str(path),
        # The gateway's lifespan starts and stops the services.
        lifespan="off",
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=DRAIN_S,
    )


def _stop(*servers: uvicorn.Server) -> None:
    for server in servers:
        server.should_exit = True


async def _announce(*servers: uvicorn.Server, secret: str | None) -> None:
    """Tell the launcher when all of them listen."""
    while not all(server.started for server in servers):
        if any(server.should_exit for server in servers):
            return
        await asyncio.sleep(0.01)
    say_ready(json.dumps({"key": secret}))


def main() -> None:
    """Serve until told to stop."""
    embedded = EmbeddedSettings()
    settings = GatewaySettings(mode="embedded", data=embedded.data.absolute())
    configure_logging("api", level=settings.log.level, json_lines=settings.log.json_lines)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(embedded))


if __name__ == "__main__":
    main()
