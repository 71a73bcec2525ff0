"""Keys through the gateway: roles, tenants, revocation, on SQLite and PostgreSQL."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.authentication import MAX_REMEMBERED
from gateway.bootstrap import bootstrap
from gateway.keys.codec import make_key
from gateway.keys.models import KeyRow
from gateway.settings import GatewaySettings
from shared_lib.db.engine import Database
from shared_lib.db.migrations import migrate
from shared_lib.testing.waiting import wait_until


@pytest.fixture
def gateway(start_gateway: Any, database_url: str) -> Any:
    return start_gateway(url=database_url)


def test_the_first_start_makes_one_owner_and_says_its_key_once(gateway: Any) -> None:
    with gateway.client() as client:
        me = client.get("/v1/whoami").json()

    assert me["role"] == "owner"
    assert me["tenant_name"] == "default"
    assert "tenants:write" in me["scopes"]
    assert bootstrap(gateway.state.settings, database=gateway.state.database) is None


def test_a_secret_is_shown_once_and_never_stored(gateway: Any) -> None:
    made = gateway.make_key(role="viewer")
    with gateway.client() as client:
        listed = client.get("/v1/keys").text
        one = client.get(f"/v1/keys/{made['key']['id']}").json()
    with gateway.state.database.read() as view:
        stored = view.session.scalars(select(KeyRow)).all()

    assert made["secret"].startswith("fleet_live_")
    assert made["secret"] not in listed
    assert one == made["key"]
    secret_part = made["secret"].split("_")[3]
    assert all(secret_part.encode() not in row.digest for row in stored)
    assert {len(row.digest) for row in stored} == {32}


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("viewer", "/v1/keys", 403),
        ("viewer", "/v1/requests", 403),
        ("editor", "/v1/audit", 403),
        ("admin", "/v1/keys", 200),
        ("admin", "/v1/requests", 200),
        ("admin", "/v1/audit", 200),
        ("admin", "/v1/tenants", 403),
        ("owner", "/v1/tenants", 200),
    ],
)
def test_a_role_opens_what_its_scopes_say(
    role: str, path: str, status: int, start_gateway: Any
) -> None:
    gateway = start_gateway()
    key = gateway.make_key(role=role)["secret"]
    with gateway.client(key) as client:
        response = client.get(path)

    assert response.status_code == status
    if status == 403:
        assert response.json()["code"] == "missing_scope"


def test_nobody_makes_a_key_above_their_own(gateway: Any) -> None:
    admin = gateway.make_key(role="admin")["secret"]
    with gateway.client(admin) as client:
        refused = client.post("/v1/keys", json={"name": "x", "role": "owner"})
        made = client.post("/v1/keys", json={"name": "x", "role": "editor"})
        with gateway.client() as owner:
            owners = owner.get("/v1/keys").json()["items"]
        owner_id = next(key["id"] for key in owners if key["role"] == "owner")
        revoking = client.delete(f"/v1/keys/{owner_id}")

    assert (refused.status_code, refused.json()["code"]) == (403, "role_too_high")
    assert made.status_code == 201
    assert (revoking.status_code, revoking.json()["code"]) == (403, "role_too_high")


def test_a_revoked_key_is_refused_at_once_and_stays_in_the_list(gateway: Any) -> None:
    made = gateway.make_key()
    with gateway.client(made["secret"]) as client, gateway.client() as owner:
        assert client.get("/v1/datasets").status_code == 200
        revoked = owner.delete(f"/v1/keys/{made['key']['id']}")
        again = owner.delete(f"/v1/keys/{made['key']['id']}")
        refused = client.get("/v1/datasets")
        listed = owner.get("/v1/keys").json()["items"]

    assert revoked.status_code == 200
    assert again.json()["revoked_at"] == revoked.json()["revoked_at"]
    assert (refused.status_code, refused.json()["code"]) == (401, "key_revoked")
    (kept,) = [key for key in listed if key["id"] == made["key"]["id"]]
    assert kept["revoked_at"] is not None


def test_another_process_sees_a_revocation_when_its_memory_ends(
    start_gateway: Any, database_url: str
) -> None:
    """Two gateways on one database; the clock of the second one is moved, not waited for."""
    one = start_gateway(url=database_url, folder="shared")
    two = start_gateway(url=database_url, folder="shared")
    made = one.make_key()
    with two.client(made["secret"]) as client, one.client() as owner:
        assert client.get("/v1/datasets").status_code == 200
        assert owner.delete(f"/v1/keys/{made['key']['id']}").status_code == 200
        now = time.time()
        two.state.authenticator._clock = lambda: now + 5.0

        assert client.get("/v1/datasets").status_code == 401


def test_an_expired_key_is_refused_even_while_it_is_remembered(gateway: Any) -> None:
    made = gateway.make_key(expires_at="2999-01-01T00:00:00Z")
    with gateway.client(made["secret"]) as client:
        assert client.get("/v1/datasets").status_code == 200
        digest = next(
            digest
            for digest, known in gateway.state.authenticator._good.items()
            if known[1].caller.subject == made["key"]["id"]
        )
        assert gateway.state.authenticator._good[digest][1].expires_at > time.time()
    with gateway.client() as owner:
        past = {"name": "x", "expires_at": "2001-01-01T00:00:00Z"}
        assert owner.post("/v1/keys", json=past).json()["code"] == "expiry_passed"


def test_the_last_owner_key_stays(gateway: Any) -> None:
    with gateway.client() as client:
        me = client.get("/v1/whoami").json()["subject"]
        refused = client.delete(f"/v1/keys/{me}")
        second = gateway.make_key(role="owner")["key"]["id"]
        accepted = client.delete(f"/v1/keys/{second}")

    assert (refused.status_code, refused.json()["code"]) == (409, "last_owner_key")
    assert accepted.status_code == 200


def test_a_tenant_does_not_see_anothers_keys(gateway: Any) -> None:
    with gateway.client() as owner:
        assert owner.post("/v1/tenants", json={"name": "other"}).status_code == 201
        body = {"name": "theirs", "role": "owner", "tenant": "other"}
        theirs = owner.post("/v1/keys", json=body).json()
        ours = gateway.make_key()["key"]["id"]
        with gateway.client(theirs["secret"]) as other:
            assert other.get("/v1/whoami").json()["tenant_name"] == "other"
            assert [key["name"] for key in other.get("/v1/keys").json()["items"]] == ["theirs"]
            for answer in (other.get(f"/v1/keys/{ours}"), other.delete(f"/v1/keys/{ours}")):
                assert (answer.status_code, answer.json()["code"]) == (404, "key_not_found")
            assert other.get("/v1/datasets").json()["tenant"] == theirs["key"]["tenant"]
        assert owner.get(f"/v1/keys/{theirs['key']['id']}").status_code == 404
        named = owner.get(f"/v1/keys/{theirs['key']['id']}?tenant=other")
        assert named.json()["id"] == theirs["key"]["id"]

    admin = gateway.make_key(role="admin")["secret"]
    with gateway.client(admin) as client:
        answer = client.get("/v1/keys?tenant=other")
    assert (answer.status_code, answer.json()["code"]) == (403, "other_tenant")


def test_keys_come_in_pages(gateway: Any) -> None:
    made = [gateway.make_key(name=f"n{n}")["key"]["id"] for n in range(5)]
    seen: list[str] = []
    with gateway.client() as client:
        cursor: dict[str, str] = {}
        while True:
            page = client.get("/v1/keys", params={"limit": 2, **cursor}).json()
            seen += [key["id"] for key in page["items"]]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}

    assert seen[:5] == made[::-1]
    assert len(seen) == 6


def test_a_repeated_request_makes_one_key_and_shows_it_once(gateway: Any) -> None:
    with gateway.client(headers={"idempotency-key": "k-2"}) as client:
        key = client.post("/v1/keys", json={"name": "once"})
        repeated = client.post("/v1/keys", json={"name": "once"})
    with gateway.client() as client:
        names = [key["name"] for key in client.get("/v1/keys").json()["items"]]

    assert repeated.status_code == 409
    assert repeated.json()["code"] == "key_shown_before"
    assert repeated.json()["key_id"] == key.json()["key"]["id"]
    assert names.count("once") == 1


def test_last_use_is_written_in_batches(gateway: Any) -> None:
    made = gateway.make_key()
    with gateway.client(made["secret"]) as client, gateway.client() as owner:
        assert client.get("/v1/datasets").status_code == 200
        gateway.state.last_use.write(now=True)
        wait_until(lambda: owner.get(f"/v1/keys/{made['key']['id']}").json()["last_used_at"])


def test_several_first_starts_make_one_owner(tmp_path: Path, database_url: str) -> None:
    settings = GatewaySettings(mode="embedded", data=tmp_path, database={"url": database_url})

    # Alembic's own state is one a process; several processes are what its lock is for.
    migrate("gateway", Database(database_url))

    def start(_number: int) -> str | None:
        database = Database(database_url)
        try:
            return bootstrap(settings, database=database)
        finally:
            database.dispose()

    with ThreadPoolExecutor(4) as pool:
        secrets = list(pool.map(start, range(4)))

    assert len([secret for secret in secrets if secret]) == 1


def test_unknown_keys_are_remembered_within_bounds(gateway: Any) -> None:

    with gateway.client(None) as client:
        for _ in range(20):
            headers = {"authorization": f"Bearer {make_key('live').text}"}
            assert client.get("/v1/datasets", headers=headers).json()["code"] == "key_unknown"

    assert 0 < len(gateway.state.authenticator._bad) <= MAX_REMEMBERED
    assert json.dumps(str(gateway.state.authenticator._bad)).count("fleet_") == 0
