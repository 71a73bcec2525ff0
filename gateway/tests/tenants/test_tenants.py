"""Tenants: made by owners, found by name or id, kept apart."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared_lib.contracts.ids import IdKind, new_id


@pytest.fixture
def gateway(start_gateway: Any, database_url: str) -> Any:
    return start_gateway(url=database_url)


def test_a_tenant_is_found_by_name_and_by_id(gateway: Any) -> None:
    with gateway.client() as client:
        answer = client.post("/v1/tenants", json={"name": "acme"})
        made = answer.json()
        by_id = client.get(answer.headers["Location"]).json()
        by_name = client.get("/v1/tenants/acme").json()
        listed = client.get("/v1/tenants").json()["items"]

    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/v1/tenants/{made['id']}"
    assert by_id == by_name == made
    assert [tenant["name"] for tenant in listed] == ["acme", "default"]


def test_of_many_that_take_a_name_at_once_one_succeeds(gateway: Any) -> None:
    with gateway.client() as client, ThreadPoolExecutor(5) as pool:
        answers = pool.map(
            lambda _: client.post("/v1/tenants", json={"name": "acme"}).status_code, range(5)
        )

        assert sorted(answers) == [201, 409, 409, 409, 409]


def test_a_taken_name_says_so(gateway: Any) -> None:
    with gateway.client() as client:
        problem = client.post("/v1/tenants", json={"name": "default"}).json()

    assert (problem["code"], problem["field"]) == ("tenant_exists", "name")
    assert "another name" in problem["detail"]


def test_a_repeated_request_with_its_key_makes_one_tenant(gateway: Any) -> None:
    key = {"Idempotency-Key": "acme-once"}
    with gateway.client(headers=key) as client:
        first = client.post("/v1/tenants", json={"name": "acme"})
        second = client.post("/v1/tenants", json={"name": "acme"})
        other = client.post("/v1/tenants", json={"name": "other"})

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_a_key_of_a_new_tenant_sees_that_tenant_alone(gateway: Any) -> None:
    with gateway.client() as client:
        acme = client.post("/v1/tenants", json={"name": "acme"}).json()
    theirs = gateway.make_key(role="admin", tenant="acme")["secret"]

    with gateway.client(theirs) as client:
        me = client.get("/v1/whoami").json()
        keys = client.get("/v1/keys").json()["items"]
        seen = client.get("/v1/datasets").json()

    assert (me["tenant"], me["tenant_name"]) == (acme["id"], "acme")
    assert {key["tenant"] for key in keys} == {acme["id"]}
    assert seen["tenant"] == acme["id"]


def test_a_tenant_that_is_not_there(gateway: Any) -> None:
    with gateway.client() as client:
        answer = client.get(f"/v1/tenants/{new_id(IdKind.TENANT)}")

    assert (answer.status_code, answer.json()["code"]) == (404, "tenant_not_found")
