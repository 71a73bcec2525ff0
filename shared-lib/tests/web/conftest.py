"""A real server with the web side of the sample service."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from sample_service.models import EffectRow
from sample_service.settings import SampleSettings
from sample_service.worker import light_runtime

from shared_lib.contracts.base import Contract, Page
from shared_lib.contracts.errors import UnavailableError
from shared_lib.contracts.identity import IDENTITY_HEADER, Caller
from shared_lib.contracts.jobs import JobView
from shared_lib.contracts.scopes import ROLE_SCOPES, Role, Scope
from shared_lib.contracts.services import ServiceName
from shared_lib.db import Database, WriteUnit
from shared_lib.identity import open_signer
from shared_lib.jobs import JobQueue, Runtime
from shared_lib.storage import StorageSettings
from shared_lib.testing.services import ServedApp, serving
from shared_lib.web import CurrentCaller, Once, PageQuery, create_service_app, requires
from shared_lib.web.jobs import view_job

TENANT = "tn_a"


class ThingCreate(Contract):
    """A body with a field of each kind."""

    name: str
    size: int = 0
    inner: dict[str, int] = {}


class ThingView(Contract):
    """What was made."""

    id: str


def things(runtime: Runtime) -> APIRouter:
    """A few routes as a service has them."""
    router = APIRouter(prefix="/v1/things")
    reader = Annotated[Caller, Depends(requires(Scope.TABLES_READ))]
    writer = [Depends(requires(Scope.TABLES_WRITE))]

    @router.post("", status_code=201, dependencies=writer)
    def create(body: ThingCreate, once: Once, caller: CurrentCaller) -> Any:
        def effect(unit: WriteUnit) -> ThingView:
            row = EffectRow(job_id=f"{caller.tenant} {body.name}", fence=body.size)
            unit.session.add(row)
            unit.session.flush()
            return ThingView(id=str(row.id))

        return once.run(effect, location=lambda thing: f"/v1/things/{thing.id}")

    @router.post("/jobs", status_code=202, dependencies=writer)
    def request(once: Once, caller: CurrentCaller) -> Any:
        def effect(unit: WriteUnit) -> JobView:
            job = JobQueue(runtime).request(unit, kind="succeed", tenant=caller.tenant, params={})
            return view_job(unit, job, runtime=runtime)

        return once.run(effect, location=lambda job: f"/v1/jobs/{job.id}")

    @router.get("")
    def page(caller: reader, page: PageQuery) -> Page[ThingView]:
        return Page(items=[ThingView(id=f"{caller.tenant} {page.limit}")])

    @router.get("/broken")
    def broken(caller: reader) -> None:
        raise KeyError("a secret of the inside")

    @router.get("/away")
    def away(caller: reader) -> None:
        raise UnavailableError("Away. Try again.", headers={"Retry-After": "3"})

    return router


@dataclass
class Served:
    """A running server and what is needed to speak to it."""

    app: FastAPI
    runtime: Runtime
    address: str
    server: ServedApp

    def token(self, *, role: Role = Role.EDITOR, tenant: str = TENANT) -> str:
        """What the gateway would send."""
        folder = self.runtime.settings.secrets_folder
        signer = open_signer(folder, issuer=ServiceName.GATEWAY, create=True)
        return signer.sign(
            "key_1", audience=ServiceName.TRAINING, tenant=tenant, scopes=ROLE_SCOPES[role]
        )

    def headers(self, **values: Any) -> dict[str, str]:
        """The identity of a caller."""
        return {IDENTITY_HEADER: self.token(**values), "x-request-id": "req_1"}

    def client(self, **values: Any) -> httpx.Client:
        """A caller."""
        return httpx.Client(base_url=self.address, headers=self.headers(**values), timeout=30)

    def request_job(self, tenant: str = TENANT) -> str:
        """A queued job."""
        with self.runtime.database.write() as unit:
            queue = JobQueue(self.runtime)
            return queue.request(unit, kind="succeed", tenant=tenant, params={}).id

    def end_streams(self) -> None:
        """What whoever runs a server does first when it stops."""
        self.server.end_streams()


@contextmanager
def serving_sample(runtime: Runtime) -> Iterator[Served]:
    app = create_service_app(runtime, title="sample", routers=[things(runtime)])
    # Its tables are made by the models: there is no history that it could be behind.
    app.state.migrated = True
    with serving(app) as server:
        yield Served(app, runtime, server.url, server)


@pytest.fixture
def serve(tmp_path: Path, open_database: Callable[[str], Database]) -> Iterator[Callable[..., Any]]:
    """`with serve(dialect) as served`."""
    runtimes = []

    def make(dialect: str = "sqlite") -> Any:
        settings = SampleSettings(
            data=tmp_path / "data",
            database={"url": open_database(dialect).url.render_as_string(hide_password=False)},
            storage=StorageSettings(root=tmp_path / "objects"),
        )
        for name in (ServiceName.GATEWAY, ServiceName.TRAINING, ServiceName.INGEST):
            open_signer(settings.secrets_folder, issuer=name, create=True)
        runtimes.append(light_runtime(settings))
        return serving_sample(runtimes[-1])

    yield make
    for runtime in runtimes:
        runtime.database.dispose()


@pytest.fixture
def served(serve: Callable[..., Any]) -> Iterator[Served]:
    """On SQLite."""
    with serve() as one:
        yield one
