"""A flow that begins with a plan: landed in one call, told to all, ended when the plan is done."""

from typing import Any

import pytest
from ingest_service import Ingest, published

from shared_lib.contracts.events import TABLE_PUBLISHED
from shared_lib.contracts.jobs import JobState
from shared_lib.testing.services import OTHER

PLAN = {
    "suite": "gate",
    "label": "price",
    "pipeline": "small",
    "params": {"train.c": 2},
    "resources": {"gpu": 1},
    "pull_request": {"repository": "owner/name", "number": 7},
}


def received(ingest: Ingest, content: bytes = b"a\n1\n") -> str:
    return str(ingest.put("a.csv", content).json()["id"])


def begin(ingest: Ingest, **body: Any) -> Any:
    wanted = {"dataset": "homes", "uploads": [{"upload_id": received(ingest)}]} | body
    return ingest.ask("POST", "/v1/flows", json=wanted)


def test_one_call_lands_and_says_what_shall_become_of_it(ingest: Ingest) -> None:
    upload = received(ingest)
    body = {"dataset": "homes", "uploads": [{"upload_id": upload}], **PLAN}
    key = {"Idempotency-Key": "once"}

    answer = ingest.ask("POST", "/v1/flows", json=body, headers=key)

    assert answer.status_code == 201, answer.text
    flow = answer.json()
    assert answer.headers["location"] == f"/v1/flows/{flow['id']}"
    assert (flow["state"], flow["plan"]) == ("running", PLAN)
    assert ingest.get(f"/v1/flows/{flow['id']}")["plan"] == PLAN
    (landed,) = [e for e in ingest.outbox() if e["name"] == "dataset_version.landed"]
    assert landed["payload"]["plan"] == PLAN
    assert ingest.ask("POST", "/v1/flows", json=body, headers=key).json()["id"] == flow["id"]
    assert ingest.ask("GET", f"/v1/flows/{flow['id']}", tenant=OTHER).status_code == 404


def test_a_flow_without_a_plan_has_none(light_ingest: Ingest) -> None:
    assert begin(light_ingest).json()["plan"] is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"params": {"train.c": 2}}, "name it in `pipeline`"),
        ({"label": "price"}, "name it in `suite`"),
        ({"suite": "no/name"}, "suite"),
        ({"pull_request": {"repository": "o/n", "number": 1}}, "name it in `pipeline`"),
    ],
)
def test_a_plan_that_is_half_a_plan_is_refused(
    light_ingest: Ingest, wrong: dict[str, Any], said: str
) -> None:
    answer = begin(light_ingest, **wrong)

    assert answer.status_code == 422
    assert said in answer.text
    assert light_ingest.get("/v1/flows")["items"] == []


def test_a_suite_that_cannot_be_made_fails_the_flow_until_there_is_another(
    ingest: Ingest,
) -> None:
    flow = begin(ingest, suite="gate").json()
    version = ingest.get(f"/v1/versions/{flow['version_id']}")
    table = published(version, job_id=ingest.tell_job(version))
    ingest.tell(TABLE_PUBLISHED, table, flow_id=flow["id"])

    ingest.tell_job(version, kind="infer_suite", state=JobState.RUNNING)
    assert ingest.get(f"/v1/flows/{flow['id']}")["state"] == "running"
    ingest.tell_job(version, kind="infer_suite", state=JobState.FAILED)
    failed = ingest.get(f"/v1/flows/{flow['id']}")
    assert failed["state"] == "failed"
    assert [step["name"] for step in failed["steps"]] == [
        "landed", "converted", "published", "inferred",
    ]  # fmt: skip

    ingest.tell_asked(version, table)
    assert ingest.get(f"/v1/flows/{flow['id']}")["state"] == "succeeded"
