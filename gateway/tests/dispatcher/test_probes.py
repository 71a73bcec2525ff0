"""Every request that two servers could read differently is refused, on a real socket."""

import json
from typing import Any

import pytest


def head(*lines: str, target: str = "/v1/datasets", method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode("latin-1")


AUTH = "Authorization: Bearer {key}"
PROBES: dict[str, tuple[bytes, set[int]]] = {
    "length and chunked": (
        head("Host: a", AUTH, "Content-Length: 5", "Transfer-Encoding: chunked", method="POST")
        + b"0\r\n\r\n",
        {400},
    ),
    "two lengths": (
        head("Host: a", AUTH, "Content-Length: 3", "Content-Length: 4", method="POST") + b"abcd",
        {400},
    ),
    "two equal lengths": (
        head("Host: a", AUTH, "Content-Length: 3", "Content-Length: 3", method="POST") + b"abc",
        {400},
    ),
    "list of lengths": (head("Host: a", AUTH, "Content-Length: 3, 3", method="POST"), {400}),
    "signed length": (head("Host: a", AUTH, "Content-Length: +3", method="POST") + b"abc", {400}),
    "hexadecimal length": (head("Host: a", AUTH, "Content-Length: 0x3", method="POST"), {400}),
    "xchunked": (head("Host: a", AUTH, "Transfer-Encoding: xchunked", method="POST"), {400}),
    "gzip, chunked": (
        head("Host: a", AUTH, "Transfer-Encoding: gzip, chunked", method="POST") + b"0\r\n\r\n",
        {400},
    ),
    "chunked twice": (
        head(
            "Host: a",
            AUTH,
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: chunked",
            method="POST",
        )
        + b"0\r\n\r\n",
        {400},
    ),
    "space before colon": (head("Host: a", AUTH, "Content-Length : 0", method="POST"), {400}),
    "no host": (head(AUTH), {400}),
    "two hosts": (head("Host: a", "Host: b", AUTH), {400}),
    "host with a path": (head("Host: a/healthz?x=", AUTH), {400}),
    "host with a user": (head("Host: user@a", AUTH), {400}),
    "host with a space": (head("Host: a b", AUTH), {400}),
    "empty host": (head("Host: ", AUTH), {400}),
    "absolute form": (head("Host: a", AUTH, target="http://a/v1/datasets"), {400}),
    "absolute form of another": (head("Host: a", AUTH, target="http://b/internal/v1"), {400}),
    "authority form": (head("Host: a", AUTH, target="a:80", method="CONNECT"), {400, 405}),
    "fragment": (head("Host: a", AUTH, target="/v1/datasets#x"), {400}),
    "underscore": (head("Host: a", AUTH, "X_Fleet_Identity: x"), {400}),
    "200 KB header": (head("Host: a", AUTH, "X-Large: " + "x" * 200_000), {431}),
    "70 KB header": (head("Host: a", AUTH, "X-Large: " + "x" * 70_000), {431}),
    "101 headers": (head("Host: a", AUTH, *[f"X-{n}: 1" for n in range(101)]), {431}),
    "dot dot": (head("Host: a", AUTH, target="/v1/datasets/../tables"), {400}),
    "encoded dot dot": (head("Host: a", AUTH, target="/v1/datasets/%2e%2E/tables"), {400}),
    "dot dot with a parameter": (head("Host: a", AUTH, target="/v1/datasets/..;/x"), {400}),
    "encoded slash": (head("Host: a", AUTH, target="/v1/datasets/a%2Fb"), {400}),
    "encoded backslash": (head("Host: a", AUTH, target="/v1/datasets/a%5cb"), {400}),
    "backslash": (head("Host: a", AUTH, target="/v1/datasets/a\\b"), {400}),
    "encoded NUL": (head("Host: a", AUTH, target="/v1/datasets/a%00"), {400}),
    "encoded line break": (head("Host: a", AUTH, target="/v1/datasets/a%0d%0ab"), {400}),
    "doubly encoded": (head("Host: a", AUTH, target="/v1/datasets/%252e%252e/x"), {400}),
    "broken encoding": (head("Host: a", AUTH, target="/v1/datasets/%zz"), {400}),
    "NUL in the query": (head("Host: a", AUTH, target="/v1/datasets?x=%00"), {400}),
    "internal": (head("Host: a", AUTH, target="/internal/v1/events", method="POST"), {404}),
    "internal in capitals": (head("Host: a", AUTH, target="/INTERNAL/v1/events"), {404}),
    "internal encoded": (head("Host: a", AUTH, target="/%69nternal/v1/events"), {404}),
    "internal after slashes": (head("Host: a", AUTH, target="///internal/v1/events"), {404}),
    "internal after a dot": (head("Host: a", AUTH, target="/./internal/v1/events"), {400}),
    "websocket": (
        head("Host: a", AUTH, "Connection: Upgrade", "Upgrade: websocket"),
        {400},
    ),
    "TRACE": (head("Host: a", AUTH, method="TRACE"), {405}),
    "obsolete folding": (head("Host: a", AUTH, "X-A: b\r\n c"), {400}),
    "bare line feeds": (b"GET /v1/datasets HTTP/1.1\nHost: a\n\n", {400}),
    "line feed in a value": (head("Host: a", AUTH, "X-A: b\nX-Fleet-Identity: c"), {400}),
    "not HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {400}),
    "two request ids": (head("Host: a", AUTH, "X-Request-Id: a", "X-Request-Id: b"), {400}),
}


@pytest.mark.parametrize("name", PROBES)
def test_a_probe_is_refused_and_the_next_request_works(name: str, gateway: Any) -> None:
    request, statuses = PROBES[name]
    key = gateway.owner_key.encode()

    answer = gateway.raw(request.replace(b"{key}", key))

    status = int(answer.split(b" ", 2)[1])
    assert status in statuses, answer
    assert answer.count(b"HTTP/1.1 ") == 1, "nothing behind it was taken for a request"
    assert gateway.ingest.scopes == []
    head_, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head_
    problem = json.loads(body)
    assert problem["status"] == status
    assert problem["request_id"]
    assert problem["detail"]
    good = gateway.raw(head("Host: a", AUTH, "Connection: close").replace(b"{key}", key))
    assert good.startswith(b"HTTP/1.1 200"), good


SPOOFED = {
    "X-Fleet-Identity": "forged",
    "x-fleet-tenant": "other",
    "X-FLEET-Anything": "x",
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Host": "evil",
    "X-Forwarded-Proto": "https",
    "Forwarded": "for=6.6.6.6",
    "X-Real-Ip": "6.6.6.6",
    "Proxy-Authorization": "x",
    "TE": "trailers",
    "Keep-Alive": "timeout=9",
    "Connection": "x-secret, keep-alive",
    "X-Secret": "hop by hop",
}


def test_what_a_client_claims_about_itself_does_not_arrive(any_gateway: Any) -> None:
    with any_gateway.client(headers=SPOOFED | {"X-Plain": "kept"}) as client:
        seen = client.get("/v1/datasets").json()["headers"]

    assert seen["x-plain"] == "kept"
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-fleet-identity"] not in {"forged", ""}
    gone = {"x-fleet-tenant", "x-fleet-anything", "forwarded", "x-real-ip", "te", "keep-alive"}
    gone |= {"x-forwarded-host", "x-forwarded-proto", "proxy-authorization", "x-secret"}
    assert gone & set(seen) == set()
    assert "authorization" not in seen
    assert "cookie" not in seen


def test_pipelined_requests_are_answered_in_order(gateway: Any) -> None:
    key = gateway.owner_key.encode()
    one = head("Host: a", AUTH, target="/v1/datasets/1").replace(b"{key}", key)
    two = head("Host: a", AUTH, "Connection: close", target="/v1/datasets/2").replace(b"{key}", key)

    answer = gateway.raw(one + two)

    assert answer.count(b"HTTP/1.1 200") == 2
    assert answer.index(b"/v1/datasets/1") < answer.index(b"/v1/datasets/2")
