"""Two tenants: what belongs to one is not there for the other, on every route with an id."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from shared_lib.testing.fleet import RunningFleet

OF_ALL_TENANTS = {"/v1/pipelines/{name}"}

LISTS = (
    "datasets", "flows", "jobs", "tables", "conversions", "suites", "judgements", "triggers",
    "triggers/decisions", "training-jobs", "models", "task-datasets", "knowledge-bases",
)  # fmt: skip

Land = Callable[..., dict[str, object]]


@pytest.fixture(scope="session")
def fleet(any_fleet: RunningFleet) -> RunningFleet:
    """This suite runs in both shapes."""
    return any_fleet


@pytest.fixture
def stranger(api: httpx.Client, fleet: RunningFleet) -> Iterator[httpx.Client]:
    """A good key of another tenant."""
    api.post("/v1/tenants", json={"name": "strangers"})
    made = api.post("/v1/keys", json={"name": "s", "role": "admin", "tenant": "strangers"})
    assert made.status_code == 201, made.text
    with fleet.client(made.json()["secret"]) as client:
        yield client


def _ids(api: httpx.Client, land: Land) -> dict[str, str]:
    """One id of ours for each kind of path parameter."""
    checks = [{"check": "rows", "min": 1}]
    suite = {"name": "of-one-tenant", "checks": checks}
    made = api.post("/v1/suites", json={"dataset": "mine", "suite": suite}).json()
    flow = land("mine.csv", b"a,b\n1,2\n", dataset="mine")
    version = api.get(f"/v1/versions/{flow['version_id']}").json()
    table = api.get("/v1/tables", params={"dataset": "mine"}).json()["items"][0]
    conversion = api.get("/v1/conversions").json()["items"][0]
    key = api.get("/v1/keys").json()["items"][0]
    job = api.get("/v1/jobs", params={"flow": str(flow["id"])}).json()["items"][0]
    upload = api.put("/v1/uploads/u.csv", content=b"c,d\n1,2\n").json()
    trigger = {"dataset": "other", "pipeline": "linear_regression"}
    table_version = table["latest_version"]["id"]
    training = {"pipeline": "linear_regression", "table_version": table_version}
    training_job = api.post("/v1/training-jobs", json=training).json()
    # Nobody needs its end.
    api.delete(f"/v1/jobs/{training_job['job_id']}")
    recipe = {"name": "learned", "table_id": table["id"], "text": "a", "label": "b"}
    task_dataset = api.post("/v1/task-datasets", json=recipe).json()
    base = api.post("/v1/knowledge-bases", json={"name": "known", "dataset": "mine"}).json()
    appended = {"source_table_id": table["id"]}
    change = api.post(f"/v1/tables/{table['id']}/appends", json=appended).json()
    return {
        "dataset": "mine",
        "version_id": version["id"],
        "file_id": version["files"][0]["id"],
        "flow_id": str(flow["id"]),
        "table_id": table["id"],
        "suite_id": made["id"],
        "judgement_id": api.get("/v1/judgements").json()["items"][0]["id"],
        "training_job_id": training_job["id"],
        "model": "mine-linear_regression",
        "version": "1",
        "alias": "champion",
        "trigger_id": api.post("/v1/triggers", json=trigger).json()["id"],
        "conversion_id": conversion["id"],
        "job_id": job["id"],
        "key_id": key["id"],
        "upload_id": upload["id"],
        "path": upload["id"],
        "task_dataset_id": task_dataset["id"],
        "change_id": change["id"],
        "base": base["name"],
        # Below what is not there for the stranger nothing is looked for.
        "document_id": "doc_1",
        "record_id": "rec_1",
        "decision_id": "td_1",
    }


def test_every_route_with_an_id_is_404_for_the_other_tenant(
    api: httpx.Client, stranger: httpx.Client, land: Land
) -> None:
    ids = _ids(api, land)
    document = api.get("/openapi.json").json()
    asked = 0
    for path, item in document["paths"].items():
        if "{" not in path or path in OF_ALL_TENANTS:
            continue
        address = path
        for name, value in ids.items():
            address = address.replace(f"{{{name}}}", value)
        address = address.replace("/artifacts/{name}", "/artifacts/log.txt")
        more = {"search": "?q=a", "diff": "?before=1&after=1", "export": "?format=json"}
        address += more.get(path.rsplit("/", 1)[-1], "")
        if "{" in address:
            assert "tenant" in path, f"the test knows no id for {path}"
            continue
        for method in ("get", "delete"):
            if method in item:
                answer = stranger.request(method, address)
                assert answer.status_code == 404, f"{method} {path}: {answer.status_code}"
                asked += 1
    assert asked >= 15


def test_lists_of_the_other_tenant_are_empty(stranger: httpx.Client, land: Land) -> None:
    land("mine.csv", b"a,b\n1,2\n", dataset="mine")
    for noun in LISTS:
        assert stranger.get(f"/v1/{noun}").json()["items"] == []
    assert stranger.get("/v1/statistics").json()["files"] == 0


def test_landing_on_the_others_upload_is_404(
    api: httpx.Client, stranger: httpx.Client, land: Land
) -> None:
    upload = api.put("/v1/uploads/u.csv", content=b"e,f\n1,2\n").json()
    body = {"uploads": [{"upload_id": upload["id"]}]}
    assert stranger.post("/v1/datasets/x/versions", json=body).status_code == 404
    flow = land("mine.csv", b"a,b\n1,2\n", dataset="mine")
    file_id = api.get(f"/v1/versions/{flow['version_id']}").json()["files"][0]["id"]
    assert stranger.post("/v1/conversions", json={"file_id": file_id}).status_code == 404


def test_a_viewer_may_look_and_not_touch(api: httpx.Client, fleet: RunningFleet) -> None:
    made = api.post("/v1/keys", json={"name": "viewer", "role": "viewer"}).json()
    with fleet.client(made["secret"]) as viewer:
        assert viewer.get("/v1/datasets").status_code == 200
        refused = viewer.post("/v1/datasets", json={"name": "no"})
        assert (refused.status_code, refused.json()["code"]) == (403, "missing_scope")
        assert viewer.put("/v1/uploads/x.csv", content=b"a\n1\n").status_code == 403


def test_a_revoked_key_is_refused(api: httpx.Client, fleet: RunningFleet) -> None:
    made = api.post("/v1/keys", json={"name": "short"}).json()
    with fleet.client(made["secret"]) as short:
        assert short.get("/v1/datasets").status_code == 200
        assert api.delete(f"/v1/keys/{made['key']['id']}").status_code in (200, 204)
        assert short.get("/v1/datasets").status_code == 401
