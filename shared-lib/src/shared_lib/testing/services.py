"""A service's app on a real socket, and callers that it believes."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
import uvloop
from fastapi import FastAPI

from shared_lib.contracts.base import Contract, utc_now
from shared_lib.contracts.events import EventSpec
from shared_lib.contracts.identity import IDENTITY_HEADER
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.scopes import ROLE_SCOPES, Role, Scope
from shared_lib.contracts.services import ServiceName
from shared_lib.db.engine import Database
from shared_lib.events.models import OutboxRow
from shared_lib.identity import open_signer
from shared_lib.testing.processes import free_port
from shared_lib.testing.waiting import wait_until
from shared_lib.web.app import end_streams

TENANT = "tn_a"
OTHER = "tn_b"
EVERYTHING = ROLE_SCOPES[Role.OWNER]


class Identities:
    """Tokens of every member of the fleet, for calls of one service.

    Args:
        secrets: the folder of the fleet's keys; they are made where they are missing.
        audience: the service that is called.
    """

    def __init__(self, secrets: Path, *, audience: ServiceName) -> None:
        self._audience = audience
        self._signers = {
            name: open_signer(secrets, issuer=name, create=True) for name in ServiceName
        }

    def headers(
        self,
        tenant: str = TENANT,
        *,
        scopes: frozenset[Scope] = EVERYTHING,
        issuer: ServiceName = ServiceName.GATEWAY,
    ) -> dict[str, str]:
        """The header that says who is asking: a user through the gateway, or a service itself."""
        subject = "key_1" if issuer is ServiceName.GATEWAY else issuer.value
        token = self._signers[issuer].sign(
            subject, audience=self._audience, tenant=tenant, scopes=scopes
        )
        return {IDENTITY_HEADER: token}


class AskedService:
    """What the tests of every running service ask of it; a service's own class adds the rest."""

    identities: Identities
    http: httpx.Client

    def ask(self, method: str, path: str, *, tenant: str = TENANT, **more: Any) -> httpx.Response:
        """Send a request in the name of a tenant that may do everything."""
        headers = self.identities.headers(tenant) | more.pop("headers", {})
        return self.http.request(method, path, headers=headers, **more)

    def get(self, path: str, **more: Any) -> Any:
        """The JSON of a good answer."""
        answer = self.ask("GET", path, **more)
        if answer.status_code != 200:
            raise AssertionError(answer.text)
        return answer.json()


def told(database: Database, name: str) -> list[Any]:
    """Events of a name in an outbox, oldest first; each once, however many hear it."""
    with database.read() as view:
        rows = view.session.query(OutboxRow).order_by(OutboxRow.id)
        named = [row.event for row in rows if row.event["name"] == name]
    return list({event["id"]: event for event in named}.values())


def event_of(
    spec: EventSpec,
    payload: Contract,
    *,
    producer: ServiceName,
    tenant: str,
    flow_id: str | None,
    event_id: str | None = None,
) -> dict[str, Any]:
    """An event as its producer's outbox delivers it."""
    return {
        "id": event_id or new_id(IdKind.EVENT),
        "name": spec.name,
        "schema_version": spec.schema_version,
        "producer": producer.value,
        "tenant": tenant,
        "flow_id": flow_id,
        "occurred_at": utc_now().isoformat(),
        "payload": payload.model_dump(mode="json"),
    }


class ServedApp:
    """An app that answers on 127.0.0.1."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = uvicorn.Server(
            uvicorn.Config(app, port=self.port, log_config=None, access_log=False)
        )
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._server.serve())

    def start(self) -> None:
        """Return when it answers."""
        self._thread.start()
        wait_until(lambda: self._server.started, what="the service")

    def end_streams(self) -> None:
        """What whoever runs a server does first when it stops."""
        asyncio.run_coroutine_threadsafe(end_streams(self.app), self._loop).result(10)

    def stop(self) -> None:
        """Shut down as a server does."""
        self.end_streams()
        self._server.should_exit = True
        self._thread.join()


@contextmanager
def serving(app: FastAPI) -> Iterator[ServedApp]:
    """The app on a free port until the block ends."""
    served = ServedApp(app)
    served.start()
    try:
        yield served
    finally:
        served.stop()
