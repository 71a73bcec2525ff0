"""Suites over the wire: kept in versions, inferred by a job, bound to their dataset."""

from typing import Any

import pytest
from quality_service import Quality
from quality_tables import sales

from shared_lib.contracts.plans import FlowPlan
from shared_lib.testing.services import OTHER
from shared_lib.testing.waiting import wait_until

ROWS = {"check": "rows", "min": 1}


def infer(quality: Quality, **body: Any) -> Any:
    answer = quality.ask("POST", "/v1/suites/infer", json=body)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['job_id']}"
    return quality.ended(answer.json()["job_id"])


def test_a_suite_is_inferred_by_one_call_and_its_table_is_the_reference(quality: Quality) -> None:
    table = quality.publish("sales", sales(500, seed=1))
    job = infer(quality, dataset="sales", name="auto", label="paid")

    assert job["state"] == "succeeded", job
    assert job["result"] == {"dataset": "sales", "suite": "auto"}
    (suite,) = quality.get("/v1/suites", params={"dataset": "sales"})["items"]
    assert (suite["name"], suite["version"]) == ("auto", 1)
    assert suite["references"] == [table.table_version_id]
    assert quality.judged(table)["verdict"] == "passed"
    drifted = quality.judged(quality.publish("sales", sales(500, seed=2, shift=2), number=2))
    assert drifted["verdict"] == "failed"
    assert drifted["reference"] == table.table_version_id


def test_a_suite_has_versions_and_judgements_name_theirs(quality: Quality) -> None:
    first = quality.make_suite("sales", ROWS)
    table = quality.publish("sales", {"a": [1, 2]})
    assert quality.judged(table)["suite_version"] == 1
    second = quality.make_suite("sales", {**ROWS, "min": 3})

    assert (second["id"], second["version"]) == (first["id"], 2)
    again = wait_until(
        lambda: (found := quality.judged(table))["suite_version"] == 2 and found,
        what="the next version's judgement",
    )
    assert again["verdict"] == "failed", "a new version judges the newest table at once"


def test_the_reference_can_be_moved_within_the_dataset(light_quality: Quality) -> None:
    suite = light_quality.make_suite("moved", {"check": "drift"})
    path = f"/v1/suites/{suite['id']}/reference"
    first = light_quality.publish("moved", {"x": [1.0] * 50})
    light_quality.judged(first)
    second = light_quality.publish("moved", {"x": [2.0] * 50}, number=2)
    assert light_quality.judged(second)["verdict"] == "failed"

    body = {"table_version": second.table_version_id}
    moved = light_quality.ask("PUT", path, json=body)
    assert moved.json()["references"] == [second.table_version_id]
    third = light_quality.publish("moved", {"x": [2.0] * 50}, number=3)
    assert light_quality.judged(third)["verdict"] == "passed"

    foreign = light_quality.publish("foreign", {"x": [1.0]})
    refused = light_quality.ask("PUT", path, json={"table_version": foreign.table_version_id})
    assert (refused.status_code, refused.json()["code"]) == (409, "foreign_reference")
    unknown = light_quality.ask("PUT", path, json={"table_version": "tv_none"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "table_version_not_known")
    assert light_quality.ask("PUT", path, json=body, tenant=OTHER).status_code == 404


def test_one_table_of_a_dataset_can_have_a_suite_of_its_own(light_quality: Quality) -> None:
    light_quality.make_suite("several", ROWS, table="orders")
    table = light_quality.publish("several", {"a": [1]})
    asked = light_quality.events("judgements.requested")[-1]["payload"]
    assert (asked["table_version_id"], asked["judgements"]) == (table.table_version_id, [])

    orders = table.model_copy(update={"table_name": "orders", "table_version_id": "tv_orders"})
    assert light_quality.tell(orders).status_code == 200
    assert light_quality.judged(orders)["verdict"] == "passed"


@pytest.mark.parametrize(
    ("checks", "place"),
    [
        ([{"check": "range", "column": "a"}], "checks"),
        ([{"check": "nulls", "column": "a", "max_share": 2}], "max_share"),
        ([], "checks"),
    ],
)
def test_a_wrong_suite_is_refused_with_its_place(
    checks: list[Any], place: str, light_quality: Quality
) -> None:
    body = {"dataset": "d", "suite": {"name": "s", "checks": checks}}
    answer = light_quality.ask("POST", "/v1/suites", json=body)
    assert answer.status_code == 422
    assert place in answer.json()["field"]


def test_nothing_can_be_inferred_of_nothing(light_quality: Quality) -> None:
    body = {"dataset": "empty", "name": "auto"}
    answer = light_quality.ask("POST", "/v1/suites/infer", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_published")
    assert "fleet push" in answer.json()["detail"]


def test_a_suite_that_a_flow_names_is_made_of_its_first_table(quality: Quality) -> None:
    plan = FlowPlan(suite="gate", label="amount")
    first = quality.publish("sales", sales(500, seed=1), plan=plan)

    judged = quality.judged(first)

    assert (judged["suite_name"], judged["verdict"]) == ("gate", "passed")
    (suite,) = quality.get("/v1/suites", params={"dataset": "sales"})["items"]
    assert (suite["table"], suite["references"]) == ("sales", [first.table_version_id])
    (asked,) = quality.events("judgements.requested")
    assert [each["job_id"] for each in asked["payload"]["judgements"]] == [judged["job_id"]]

    drifted = quality.publish("sales", sales(500, seed=2, shift=3), number=2, plan=plan)
    assert quality.judged(drifted)["verdict"] == "failed"
    (unchanged,) = quality.get("/v1/suites", params={"dataset": "sales"})["items"]
    assert unchanged["version"] == 1
