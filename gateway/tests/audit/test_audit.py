"""The audit trail: an entry for each change of access, in the change's own transaction."""

from typing import Any

import pytest

from gateway.audit.models import AuditRow
from gateway.audit.service import Actor, Audit
from gateway.tenants.errors import TenantExistsError
from gateway.tenants.service import Tenants


@pytest.fixture
def gateway(start_gateway: Any, database_url: str) -> Any:
    return start_gateway(url=database_url)


def trail(gateway: Any, **params: str) -> list[dict[str, Any]]:
    with gateway.client() as client:
        answer = client.get("/v1/audit", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_every_change_of_access_is_told_newest_first(gateway: Any) -> None:
    with gateway.client() as client:
        made = client.post("/v1/keys", json={"name": "robot", "role": "viewer"}).json()["key"]
        client.delete(f"/v1/keys/{made['id']}", headers={"x-request-id": "trail-1"})
        tenant = client.post("/v1/tenants", json={"name": "acme"}).json()
        me = client.get("/v1/whoami").json()

    told = [(entry["action"], entry["target"]) for entry in trail(gateway)]

    assert told[:3] == [
        ("tenant.created", tenant["id"]),
        ("key.revoked", made["id"]),
        ("key.created", made["id"]),
    ]
    newest, revoked, *_ = trail(gateway)
    assert newest["details"] == {"name": "acme"}
    assert {newest["subject"], revoked["subject"]} == {me["subject"]}
    assert {newest["client"], revoked["client"]} == {"127.0.0.1"}
    assert revoked["request_id"] == "trail-1"


def test_one_action_is_picked_out(gateway: Any) -> None:
    gateway.make_key(role="viewer")
    gateway.make_key(role="editor")

    found = trail(gateway, action="key.created", limit="1")

    assert [entry["action"] for entry in found] == ["key.created"]
    assert trail(gateway, action="key.eaten") == []


def test_a_tenant_reads_its_own_trail(gateway: Any) -> None:
    with gateway.client() as client:
        client.post("/v1/tenants", json={"name": "acme"})
    theirs = gateway.make_key(role="admin", tenant="acme")["secret"]

    with gateway.client(theirs) as client:
        entries = client.get("/v1/audit").json()["items"]
        assert "tenant.created" not in {entry["action"] for entry in entries}
        client.post("/v1/keys", json={"name": "own", "role": "viewer"})
        newest = client.get("/v1/audit").json()["items"][0]
        me = client.get("/v1/whoami").json()

    assert (newest["action"], newest["subject"]) == ("key.created", me["subject"])


def test_a_change_that_fails_leaves_no_entry(gateway: Any) -> None:
    before = len(trail(gateway))
    actor = Actor(subject="key:test", tenant="tn_any")
    database, tenants = gateway.state.database, Tenants(Audit())

    def make_it_twice() -> None:
        with database.write() as unit:
            tenants.create(unit, name="acme", actor=actor)
            tenants.create(unit, name="acme", actor=actor)

    with pytest.raises(TenantExistsError):
        make_it_twice()

    assert len(trail(gateway)) == before
    with database.read() as view:
        assert view.session.query(AuditRow).filter_by(subject="key:test").count() == 0
