"""A published table is judged once by each suite that is bound to it, and people may override."""

from typing import Any

import pytest
from quality_service import Quality
from quality_tables import sales

from shared_lib.contracts.scopes import ROLE_SCOPES, Role
from shared_lib.testing.services import OTHER, TENANT
from shared_lib.testing.waiting import wait_until

POSITIVE = {"check": "range", "column": "amount", "min": 0}
REASON = {"reason": "The source was migrated; agreed with the owners."}


def test_a_published_table_is_judged_told_of_and_reported(quality: Quality) -> None:
    suite = quality.make_suite("sales", POSITIVE, {"check": "drift"})
    first = quality.publish("sales", sales(500, seed=1))
    judged = quality.judged(first)

    assert (judged["verdict"], judged["state"]) == ("passed", "succeeded"), judged
    assert judged["suite_id"] == suite["id"]
    (asked,) = quality.events("judgements.requested")
    assert [each["judgement_id"] for each in asked["payload"]["judgements"]] == [judged["id"]]
    (told,) = quality.events("quality.judged")
    assert told["payload"]["verdict"] == "passed"
    assert told["payload"]["table_version_id"] == first.table_version_id

    bad = quality.judged(quality.publish("sales", sales(500, seed=2, shift=3), number=2))
    assert bad["reference"] == first.table_version_id, "the first good version is the reference"
    assert bad["verdict"] == "failed"
    assert "amount" in bad["reasons"][0]
    assert "make this version the reference" in bad["remedies"][0]
    report = quality.get(f"/v1/judgements/{bad['id']}/report")
    assert report["verdict"] == "failed"
    assert len(report["results"]) > 5
    page = quality.ask("GET", f"/v1/judgements/{bad['id']}/report", params={"as": "html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "style-src 'sha256-" in page.headers["content-security-policy"]
    assert "<h1>sales v2</h1>" in page.text


def test_a_table_without_a_suite_is_told_of_and_not_judged(quality: Quality) -> None:
    table = quality.publish("lonely", {"a": [1]})
    (asked,) = quality.events("judgements.requested")
    assert asked["payload"] == {
        "version_id": table.version_id,
        "file_id": table.file_id,
        "table_version_id": table.table_version_id,
        "judgements": [],
    }


def test_an_event_that_comes_twice_is_judged_once(light_quality: Quality) -> None:
    light_quality.make_suite("twice", POSITIVE)
    table = light_quality.publish("once", {"amount": [1]})
    again = table.model_copy(
        update={"dataset_name": "twice", "table_version_id": f"{table.table_version_id}x"}
    )
    for _ in range(2):
        assert light_quality.tell(again, event_id="ev_twice").status_code == 200
    light_quality.judged(again)
    params = {"table_version": again.table_version_id}
    assert len(light_quality.get("/v1/judgements", params=params)["items"]) == 1


def test_an_override_is_kept_with_who_and_why(quality: Quality) -> None:
    quality.make_suite("sales", POSITIVE, {"check": "nulls", "column": "amount"})
    judged = quality.judged(quality.publish("sales", {"amount": [-1.0, None]}))
    path = f"/v1/judgements/{judged['id']}/overrides"
    assert judged["verdict"] == "failed"

    half = quality.ask("POST", path, json={**REASON, "checks": ["range:amount"]}).json()
    assert (half["verdict"], len(half["overrides"])) == ("failed", 1)
    whole = quality.ask("POST", path, json=REASON).json()
    assert (whole["verdict"], whole["found"]) == ("warned", "failed")
    (first, second) = whole["overrides"]
    assert (first["subject"], first["reason"]) == ("key_1", REASON["reason"])
    assert first["checks"] == ["range:amount"]
    assert second["checks"] == ["nulls:amount", "range:amount"]
    told = [(e["payload"]["verdict"], e["payload"]["overridden_by"], e["payload"]["revision"])
            for e in quality.events("quality.judged")]  # fmt: skip
    assert told == [("failed", None, 2), ("failed", "key_1", 3), ("warned", "key_1", 4)]
    again = quality.ask("POST", path, json=REASON)
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_override")


def test_what_an_override_needs(light_quality: Quality) -> None:
    light_quality.make_suite("strict", POSITIVE)
    judged = light_quality.judged(light_quality.publish("strict", {"amount": [-1.0]}))
    path = f"/v1/judgements/{judged['id']}/overrides"

    unknown = light_quality.ask("POST", path, json={**REASON, "checks": ["nulls:amount"]})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_check")
    assert light_quality.ask("POST", path, json={"reason": "no"}).status_code == 422
    editor = light_quality.identities.headers(TENANT, scopes=ROLE_SCOPES[Role.EDITOR])
    assert light_quality.http.post(path, json=REASON, headers=editor).status_code == 403
    assert light_quality.ask("POST", path, json=REASON, tenant=OTHER).status_code == 404


def test_a_check_that_cannot_run_fails_the_gate_and_the_job_succeeds(
    light_quality: Quality,
) -> None:
    light_quality.make_suite("broken", {"check": "row_rule", "sql": "gone > 1", "severity": "warn"})
    judged = light_quality.judged(light_quality.publish("broken", {"amount": [1]}))

    assert (judged["state"], judged["verdict"]) == ("succeeded", "failed")
    assert judged["counts"] == {"error": 1}


def test_a_lost_object_ends_the_job_and_never_passes(light_quality: Quality) -> None:
    light_quality.make_suite("lost", POSITIVE)
    table = light_quality.publish("elsewhere", {"amount": [1]})
    light_quality.runtime.store.delete(table.parts[0])
    lost = table.model_copy(update={"dataset_name": "lost", "table_version_id": "tv_lost"})
    light_quality.tell(lost)
    judged = light_quality.judged(lost)

    assert judged["state"] in {"failed", "dead"}
    assert judged["verdict"] is None
    assert judged["error"]["detail"]
    answer = light_quality.ask("GET", f"/v1/judgements/{judged['id']}/report")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_judged_yet")


def test_a_tenant_sees_nothing_of_another(light_quality: Quality) -> None:
    suite = light_quality.make_suite("mine", POSITIVE)
    judged = light_quality.judged(light_quality.publish("mine", {"amount": [1]}))
    # A dataset of the same name in another tenant is not judged by our suite.
    theirs = light_quality.publish("mine", {"amount": [-1]}, tenant=OTHER)

    for path in (
        f"/v1/suites/{suite['id']}",
        f"/v1/judgements/{judged['id']}",
        f"/v1/judgements/{judged['id']}/report",
    ):
        assert light_quality.ask("GET", path, tenant=OTHER).status_code == 404
    assert light_quality.get("/v1/suites", tenant=OTHER)["items"] == []
    params = {"table_version": theirs.table_version_id}
    assert light_quality.get("/v1/judgements", params=params, tenant=OTHER)["items"] == []
    body = {"table_version": theirs.table_version_id, "suite": suite["id"]}
    assert light_quality.ask("POST", "/v1/judgements", json=body).status_code == 404


def test_reports_that_nobody_names_are_swept(quality: Quality) -> None:
    quality.make_suite("sales", POSITIVE)
    judged = quality.judged(quality.publish("sales", {"amount": [1.0]}))
    kept = set(quality.reports())
    assert len(kept) == 2
    dead_try = f"reports/{TENANT}/{judged['id']}/{judged['job_id']}-99/report.json"
    quality.runtime.store.put(dead_try, [b"{}"])

    wait_until(lambda: dead_try not in quality.reports(), what="the sweep")
    assert set(quality.reports()) == kept


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"table_version": "tv_none", "suite": "su_none"}, 404),
        ({"table_version": "tv_none"}, 422),
        ({"table_version": "tv_none", "suite": "su_none", "x": 1}, 422),
    ],
)
def test_a_wrong_request_for_a_judgement(
    body: dict[str, Any], status: int, light_quality: Quality
) -> None:
    assert light_quality.ask("POST", "/v1/judgements", json=body).status_code == status
