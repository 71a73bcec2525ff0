"""Every route declares who may call it, and nobody else may."""

from typing import Any

import httpx
from fastapi import APIRouter, FastAPI

from shared_lib.contracts.identity import IDENTITY_HEADER
from shared_lib.contracts.internal import EVENTS_PATH
from shared_lib.contracts.scopes import Role, Scope
from shared_lib.contracts.services import ServiceName
from shared_lib.identity import open_signer
from shared_lib.testing.tokens import believed, tokens_to_refuse
from shared_lib.web.inventory import routes_of, undeclared_routes


def test_every_route_declares_who_may_call_it(served: Any) -> None:
    assert undeclared_routes(served.app) == []
    routes = {(route.method, route.path): route for route in routes_of(served.app)}
    assert routes["GET", "/healthz"].is_open
    assert routes["GET", "/v1/jobs/{job_id}"].scope == Scope.JOBS_READ
    assert routes["DELETE", "/v1/jobs/{job_id}"].scope == Scope.JOBS_WRITE
    assert routes["POST", "/v1/things"].scope == Scope.TABLES_WRITE
    internal = routes["POST", EVENTS_PATH]
    assert internal.declaration is not None
    assert internal.scope is None
    assert not internal.is_open


def test_a_route_that_declares_nothing_is_named() -> None:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    router = APIRouter(prefix="/v1")

    @router.get("/bare/{name}")
    def bare(name: str) -> str:
        return name

    app.include_router(router)
    app.mount("/mounted", FastAPI())

    assert undeclared_routes(app) == ["* /mounted", "GET /v1/bare/{name}"]


def test_no_route_believes_a_wrong_token(served: Any) -> None:
    secrets = served.runtime.settings.secrets_folder

    assert len(tokens_to_refuse(secrets, audience=ServiceName.TRAINING)) == 10
    assert believed(served.app, secrets=secrets, audience=ServiceName.TRAINING) == []


def test_a_good_token_opens_what_its_role_may(served: Any) -> None:
    with served.client(role=Role.VIEWER) as viewer:
        assert viewer.get("/v1/things").status_code == 200
        refused = viewer.post("/v1/things", json={"name": "a"})
        assert (refused.status_code, refused.json()["code"]) == (403, "missing_scope")
        assert "tables:write" in refused.json()["detail"]
    with served.client(role=Role.EDITOR) as editor:
        assert editor.post("/v1/things", json={"name": "a"}).status_code == 201


def test_another_tenants_job_is_not_there(served: Any) -> None:
    job_id = served.request_job("tn_b")
    with served.client() as client:
        for method, path in (
            ("GET", f"/v1/jobs/{job_id}"),
            ("GET", f"/v1/jobs/{job_id}/events"),
            ("GET", f"/v1/jobs/{job_id}/log"),
            ("DELETE", f"/v1/jobs/{job_id}"),
        ):
            assert client.request(method, path).status_code == 404
    with served.client(tenant="tn_b") as client:
        assert client.get(f"/v1/jobs/{job_id}").json()["state"] == "queued"
        assert client.delete(f"/v1/jobs/{job_id}").json()["state"] == "cancelled"


def test_a_service_is_no_person_and_a_person_no_service(served: Any) -> None:
    secrets = served.runtime.settings.secrets_folder
    ingest = open_signer(secrets, issuer=ServiceName.INGEST)
    token = ingest.sign(
        "svc-ingest",
        audience=ServiceName.TRAINING,
        tenant="tn_a",
        scopes=frozenset({Scope.TABLES_READ}),
    )
    with httpx.Client(base_url=served.address, headers={IDENTITY_HEADER: token}) as service:
        refused = service.get("/v1/things")
        assert (refused.status_code, refused.json()["code"]) == (403, "not_for_this_caller")
    with served.client(role=Role.OWNER) as person:
        event = {
            "id": "ev_1",
            "name": "job.changed",
            "schema_version": 1,
            "producer": "svc-ingest",
            "tenant": "tn_a",
            "occurred_at": "2026-01-01T00:00:00Z",
            "payload": {},
        }
        assert person.post(EVENTS_PATH, json=event).status_code == 403


def test_a_log_is_read_in_pages(served: Any) -> None:
    job_id = served.request_job()
    with served.client() as client:
        assert client.get(f"/v1/jobs/{job_id}/log").json() == {"items": [], "next": None}
        assert client.get(f"/v1/jobs/{job_id}/log?after=99999999999999999999").status_code == 422
