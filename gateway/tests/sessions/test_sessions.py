"""Signing in with a browser, and what other sites cannot do with its cookie."""

from typing import Any

import httpx
import pytest


@pytest.fixture
def gateway(start_gateway: Any, database_url: str) -> Any:
    return start_gateway(url=database_url)


def sign_in(gateway: Any, client: httpx.Client) -> httpx.Response:
    return client.post(
        "/v1/sessions", json={"key": gateway.owner_key}, headers={"origin": gateway.url}
    )


def test_a_session_carries_the_keys_rights_until_it_is_ended(gateway: Any) -> None:
    with gateway.client(None) as browser:
        opened = sign_in(gateway, browser)
        cookie = opened.headers["set-cookie"]
        me = browser.get("/v1/whoami").json()
        seen = browser.get("/v1/datasets").json()
        value = browser.cookies["fleet_session"]
        closed = browser.delete("/v1/sessions/current", headers={"origin": gateway.url})
        after = browser.get("/v1/whoami", headers={"cookie": f"fleet_session={value}"})

    assert opened.status_code == 201
    assert all(word in cookie.lower() for word in ("httponly", "samesite=strict", "path=/"))
    assert "secure" not in cookie.lower()
    assert me["role"] == "owner"
    assert seen["tenant"] == me["tenant"]
    assert "cookie" not in seen["headers"]
    assert closed.status_code == 204
    assert (after.status_code, after.json()["code"]) == (401, "session_unknown")


def test_a_wrong_key_opens_nothing(gateway: Any) -> None:
    with gateway.client(None) as browser:
        response = browser.post("/v1/sessions", json={"key": gateway.owner_key[:-1]})

    assert (response.status_code, response.json()["code"]) == (401, "key_malformed")
    assert "set-cookie" not in response.headers


FROM_ELSEWHERE: list[dict[str, str]] = [
    {},
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
    {"sec-fetch-site": "same-origin", "origin": "http://evil.example"},
]


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
@pytest.mark.parametrize("path", ["/v1/datasets", "/v1/keys"])
def test_a_change_with_a_cookie_must_come_from_our_pages(
    path: str, headers: dict[str, str], start_gateway: Any
) -> None:
    gateway = start_gateway()
    with gateway.client(None) as browser:
        sign_in(gateway, browser)
        refused = browser.post(path, json={"name": "x"}, headers=headers)
        accepted = browser.post(path, json={"name": "x"}, headers={"sec-fetch-site": "same-origin"})
        reading = browser.get(path, headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (403, "cross_site")
    assert accepted.status_code in {200, 201}
    assert reading.status_code == 200


def test_a_key_needs_no_origin(gateway: Any) -> None:
    with gateway.client(headers={"origin": "http://evil.example"}) as client:
        assert client.post("/v1/datasets").status_code == 200


def test_another_site_cannot_sign_a_browser_in(gateway: Any) -> None:
    with gateway.client(None) as browser:
        response = browser.post(
            "/v1/sessions",
            json={"key": gateway.owner_key},
            headers={"origin": "http://evil.example"},
        )

    assert (response.status_code, response.json()["code"]) == (403, "cross_site")


def test_revoking_the_key_ends_its_sessions(gateway: Any) -> None:
    made = gateway.make_key()
    with gateway.client(None) as browser, gateway.client() as owner:
        browser.post("/v1/sessions", json={"key": made["secret"]})
        assert browser.get("/v1/datasets").status_code == 200
        owner.delete(f"/v1/keys/{made['key']['id']}")
        response = browser.get("/v1/datasets")

    assert (response.status_code, response.json()["code"]) == (401, "key_revoked")


def test_behind_tls_the_cookie_is_secure(start_gateway: Any) -> None:
    gateway = start_gateway(trusted_proxies=["127.0.0.0/8"])
    headers = {"x-forwarded-proto": "https", "x-forwarded-for": "6.6.6.6, 203.0.113.9"}
    with gateway.client(None, headers=headers) as browser:
        opened = browser.post("/v1/sessions", json={"key": gateway.owner_key})
        secure_origin = {"origin": gateway.url.replace("http:", "https:")}
        changed = browser.post(
            "/v1/datasets",
            headers={**secure_origin, "cookie": opened.headers["set-cookie"].split(";")[0]},
        )

    assert "secure" in opened.headers["set-cookie"].lower()
    assert changed.status_code == 200
    # Left of the trusted proxy's own entry anybody can have written anything.
    assert changed.json()["headers"]["x-forwarded-for"] == "203.0.113.9"


def test_the_trail_tells_of_sign_ins(gateway: Any) -> None:
    with gateway.client(None) as browser:
        sign_in(gateway, browser)
        browser.delete("/v1/sessions/current", headers={"origin": gateway.url})
    with gateway.client() as client:
        actions = [entry["action"] for entry in client.get("/v1/audit").json()["items"]]

    assert actions[:2] == ["session.ended", "session.opened"]
