"""A real gateway on a real socket, in front of services that tell what reached them."""

import asyncio
import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
import uvloop
from starlette.types import Message, Receive, Scope, Send

from gateway.app import Gateway, create_gateway
from gateway.bootstrap import bootstrap
from gateway.dispatcher.aiohttp_upstream import AiohttpUpstream
from gateway.dispatcher.http_upstream import HttpUpstream
from gateway.dispatcher.upstream import InProcessUpstream, Upstream
from gateway.server import server_config
from gateway.settings import GatewaySettings
from shared_lib.contracts.identity import IDENTITY_HEADER
from shared_lib.contracts.services import ServiceName
from shared_lib.db.engine import Database
from shared_lib.identity import TokenVerifier, open_keyring, open_signer
from shared_lib.testing.waiting import wait_until


class EchoService:
    """A service that keeps every scope it was called with and answers with what it saw."""

    def __init__(self, name: ServiceName, *, secrets: Path) -> None:
        self.name = name
        self.scopes: list[Scope] = []
        self.verifier = TokenVerifier(name, keyring=open_keyring(secrets))
        self.go_on = threading.Event()
        self.disconnects = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
            return
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        if scope["path"] in {"/readyz", "/openapi.json"}:
            await answer(send, {"status": "ok", "paths": {}})
            return
        self.scopes.append(scope)
        if scope["path"] == "/v1/flows/events":
            await self.stream(send)
            return
        if scope["path"] == "/v1/flows/broken":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            raise RuntimeError("broken on purpose")
        if scope["path"] == "/v1/flows/failing":
            raise RuntimeError("failing on purpose")
        if scope["path"] == "/v1/flows/big":
            await self.send_much(send)
            return
        if scope["path"] == "/v1/flows/refuse":
            await answer(send, {"code": "refused_here"}, status=422)
            return
        size, digest = await read_all(receive)
        caller = self.verifier.verify(headers.get(IDENTITY_HEADER, ""))
        seen = {
            "service": self.name.value,
            "method": scope["method"],
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "headers": headers,
            "subject": caller.subject,
            "tenant": caller.tenant,
            "scopes": sorted(caller.scopes),
            "size": size,
            "sha256": digest,
        }
        await answer(send, seen, headers=[(b"x-fleet-secret", b"1"), (b"x-service", b"echo")])

    async def live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def stream(self, send: Send) -> None:
        """One event, then nothing until the test has seen it; then another."""
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        await asyncio.to_thread(self.go_on.wait, 30)
        await send({"type": "http.response.body", "body": b"data: 2\n\n", "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def send_much(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(200):
            await send({"type": "http.response.body", "body": bytes(2**20), "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def read_all(receive: Receive) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ConnectionError("the client went away")
        size += len(message.get("body", b""))
        digest.update(message.get("body", b""))
        if not message.get("more_body", False):
            return size, digest.hexdigest()


async def answer(
    send: Send, body: Any, *, status: int = 200, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    content = json.dumps(body).encode()
    own = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
    start: Message = {"type": "http.response.start", "status": status}
    await send({**start, "headers": [*own, *(headers or [])]})
    await send({"type": "http.response.body", "body": content})


@contextlib.contextmanager
def serving(app: Any, *, settings: GatewaySettings) -> Iterator[int]:
    """The app on a free port, served as the gateway is served, in a thread; yields the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(server_config(app, settings=settings.http))

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server.serve(sockets=[listener]))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive(), what="the server's start")
        assert server.started
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()
        assert not thread.is_alive()


class RunningGateway:
    """A gateway that answers, and what a test wants to know of it."""

    def __init__(
        self,
        app: Gateway,
        *,
        port: int,
        owner_key: str,
        services: dict[ServiceName, EchoService],
    ) -> None:
        self.app = app
        self.state = app.state
        self.port = port
        self.owner_key = owner_key
        self.services = services
        self.ingest = services[ServiceName.INGEST]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, key: str | None = "owner", **options: Any) -> httpx.Client:
        headers = dict(options.pop("headers", {}))
        if key is not None:
            secret = self.owner_key if key == "owner" else key
            headers["authorization"] = f"Bearer {secret}"
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, **options)

    def raw(self, request: bytes) -> bytes:
        """Send bytes as they are; all that the gateway sends until it closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(request)
            return read_to_end(connection)

    def make_key(self, **body: Any) -> dict[str, Any]:
        with self.client() as client:
            response = client.post("/v1/keys", json={"name": "test"} | body)
            assert response.status_code == 201, response.text
            made: dict[str, Any] = response.json()
            return made


def read_to_end(connection: socket.socket) -> bytes:
    pieces = []
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


StartGateway = Callable[..., RunningGateway]


@pytest.fixture
def start_gateway(tmp_path: Path) -> Iterator[StartGateway]:
    """`start_gateway(shape="in_process" | "http", **settings)`: a gateway with two services."""
    with contextlib.ExitStack() as stack:
        count = 0

        def start(
            *, shape: str = "in_process", url: str = "", folder: str = "", **settings: Any
        ) -> RunningGateway:
            nonlocal count
            count += 1
            data = tmp_path / (folder or f"gateway{count}")
            options = {"mode": "embedded", "data": data, "database": {"url": url}}
            made = GatewaySettings(**(options | settings))
            database = Database(made.database.url)
            owner_key = bootstrap(made, database=database) or ""
            signer = open_signer(made.secrets_folder, issuer=ServiceName.GATEWAY, create=True)
            services = {
                name: EchoService(name, secrets=made.secrets_folder)
                for name in (ServiceName.INGEST, ServiceName.PARQUET)
            }
            upstreams: dict[ServiceName, Upstream] = {}
            for name, service in services.items():
                if shape == "in_process":
                    upstreams[name] = InProcessUpstream(service)
                else:
                    port = stack.enter_context(serving(service, settings=made))
                    base = f"http://127.0.0.1:{port}"
                    client = AiohttpUpstream if shape == "aiohttp" else HttpUpstream
                    upstreams[name] = client(base, name=name, settings=made.upstream)
            app = create_gateway(made, upstreams=upstreams, database=database, signer=signer)
            port = stack.enter_context(serving(app, settings=made))
            return RunningGateway(app, port=port, owner_key=owner_key, services=services)

        yield start


@pytest.fixture
def gateway(start_gateway: StartGateway) -> RunningGateway:
    """A gateway in front of services in the same process."""
    return start_gateway()


@pytest.fixture(params=["in_process", "http", "aiohttp"])
def any_gateway(request: pytest.FixtureRequest, start_gateway: StartGateway) -> RunningGateway:
    """The same test in both shapes."""
    return start_gateway(shape=request.param)
