"""Every error is problem+json that says what, where and what to do, and nothing of the inside."""

import json
from typing import Any

import httpx
import pytest

from shared_lib.contracts.errors import PROBLEM_MEDIA_TYPE

JSON = {"content-type": "application/json"}


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM_MEDIA_TYPE
    body = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"urn:datafleet:error:{code}"
    assert body["title"]
    assert body["detail"].endswith(".")
    assert body["request_id"] == "req_1"
    assert "Traceback" not in answer.text
    return body


@pytest.mark.parametrize(
    ("content", "code", "status"),
    [
        (b"{", "malformed_json", 400),
        (b'{"name": "a",}', "malformed_json", 400),
        (b"\xff\xfe", "malformed_json", 400),
        (b"[" * 200_000, "bad_request", 400),
        (b"[]", "invalid_input", 422),
        (b"null", "invalid_input", 422),
        (b"", "invalid_input", 422),
        (b"{}", "invalid_input", 422),
        (b'{"name": 7}', "invalid_input", 422),
        (b'{"name": "a", "nmae": "b"}', "unknown_field", 422),
        (b'{"name": "a", "inner": {"b": "x"}}', "invalid_input", 422),
        (b'{"name": "a", "size": 99999999999999999999999}', "value_not_storable", 422),
    ],
)
def test_a_wrong_body_says_where(served: Any, content: bytes, code: str, status: int) -> None:
    with served.client() as client:
        answer = client.post("/v1/things", content=content, headers=JSON)
        problem(answer, status, code)
        assert client.post("/v1/things", json={"name": "fine"}).status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "a", "nmae": 1}, "nmae"),
        ({"name": "a", "inner": {"b": "x"}}, "inner.b"),
    ],
)
def test_the_field_is_named(served: Any, body: dict[str, Any], field: str) -> None:
    with served.client() as client:
        found = client.post("/v1/things", json=body).json()

    assert found["field"] == field
    assert [each["field"] for each in found["errors"]] == [field]
    assert field in found["detail"]


def test_no_body_and_no_content_type(served: Any) -> None:
    with served.client() as client:
        assert problem(client.post("/v1/things"), 422, "invalid_input")["field"] == "body"
        text = client.post("/v1/things", content=b"name=a", headers={"content-type": "text/plain"})
        problem(text, 422, "invalid_input")


def test_unknown_and_wrong_parameters(served: Any) -> None:
    with served.client() as client:
        unknown = problem(client.get("/v1/things?limt=3"), 422, "unknown_field")
        assert unknown["field"] == "limt"
        assert "`cursor`" in unknown["detail"]
        assert "`limit`" in unknown["detail"]
        assert problem(client.get("/v1/things?limit=0"), 422, "invalid_input")["field"] == "limit"
        assert client.get("/v1/things?limit=3").json()["items"] == [{"id": "tn_a 3"}]


def test_what_is_not_there_and_what_is_not_offered(served: Any) -> None:
    with served.client() as client:
        assert "/v1/nothing" in problem(client.get("/v1/nothing"), 404, "route_not_found")["detail"]
        refused = client.delete("/v1/things")
        problem(refused, 405, "method_not_allowed")
        assert refused.headers["allow"]
        problem(client.request("PROPFIND", "/v1/things"), 405, "method_not_allowed")
        problem(client.get("/v1/jobs/job_tr_none"), 404, "job_not_found")
        problem(client.get("/v1/jobs/job_tr_none/events"), 404, "job_not_found")
        problem(client.delete("/v1/jobs/job_tr_none"), 404, "job_not_found")


def test_the_unexpected_tells_nothing_of_the_inside(served: Any) -> None:
    with served.client() as client:
        answer = client.get("/v1/things/broken")
        problem(answer, 500, "internal_error")
        assert "secret" not in answer.text
        assert "KeyError" not in answer.text
        assert client.get("/v1/things").status_code == 200


def test_headers_of_an_error_are_sent(served: Any) -> None:
    with served.client() as client:
        away = client.get("/v1/things/away")
        problem(away, 503, "unavailable")
        assert away.headers["retry-after"] == "3"


def test_a_request_without_an_id_gets_one(served: Any) -> None:
    with served.client() as client:
        del client.headers["x-request-id"]
        assert client.get("/v1/nothing").json()["request_id"].startswith("req_")


def test_metrics_count_routes_and_not_what_strangers_invent(served: Any) -> None:
    with served.client() as client:
        client.get("/v1/things")
        client.request("PROPFIND", "/v1/things")
        client.get("/v1/nothing/7")
        text = client.get("/metrics").text

    assert 'method="GET",route="/v1/things"' in text
    assert 'method="other"' in text
    assert "PROPFIND" not in text
    assert "/v1/nothing" not in text


def test_health_says_what_is_missing(served: Any) -> None:
    with httpx.Client(base_url=served.address) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/readyz").status_code == 200


def test_nul_in_a_text_is_refused_by_postgresql_and_the_next_request_works(serve: Any) -> None:
    with serve("postgresql") as served, served.client() as client:
        problem(client.post("/v1/things", json={"name": "a\0b"}), 422, "value_not_storable")
        assert client.post("/v1/things", json={"name": "ab"}).status_code == 201


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_a_repeated_key_gets_the_first_answer(serve: Any, dialect: str) -> None:
    with serve(dialect) as served, served.client() as client:
        key = {"idempotency-key": "k1"}
        first = client.post("/v1/things", json={"name": "a"}, headers=key)
        again = client.post("/v1/things", json={"name": "a"}, headers=key)
        other = client.post("/v1/things", json={"name": "b"}, headers=key)
        job = client.post("/v1/things/jobs", headers={"idempotency-key": "k2"})
        job_again = client.post("/v1/things/jobs", headers={"idempotency-key": "k2"})

        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert first.headers["location"] == again.headers["location"]
        assert again.headers["idempotency-replayed"] == "true"
        problem(other, 422, "idempotency_key_reused")
        assert job.status_code == job_again.status_code == 202
        assert job.headers["location"] == job_again.headers["location"]
        assert json.loads(job.content)["id"] == json.loads(job_again.content)["id"]
        for bad in ("", "x" * 201):
            refused = client.post(
                "/v1/things", json={"name": "c"}, headers={"idempotency-key": bad}
            )
            problem(refused, 422, "idempotency_key_invalid")
