"""A request's whole way, in both shapes: services in the process and over HTTP."""

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest

from shared_lib.contracts.services import ServiceName
from shared_lib.testing.waiting import wait_until

MEBIBYTE = 2**20


def problem(response: httpx.Response) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["request_id"] == response.headers["x-request-id"]
    assert body["status"] == response.status_code
    return body


def test_a_request_reaches_its_service_with_the_callers_identity(any_gateway: Any) -> None:
    with any_gateway.client() as client:
        me = client.get("/v1/whoami").json()
        response = client.get("/v1/datasets/a%20b?x=1&y=%C3%A4", headers={"x-request-id": "my-1"})

    seen = response.json()
    assert response.status_code == 200
    assert seen["service"] == "svc-ingest"
    assert seen["path"] == "/v1/datasets/a%20b"
    assert seen["query"] == "x=1&y=%C3%A4"
    assert seen["tenant"] == me["tenant"]
    assert seen["subject"] == me["subject"]
    assert seen["scopes"] == me["scopes"]
    assert seen["headers"]["x-request-id"] == "my-1"
    assert response.headers["x-request-id"] == "my-1"
    assert response.headers["x-service"] == "echo"
    assert "ratelimit" in response.headers


def test_a_trace_goes_on(any_gateway: Any) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with any_gateway.client() as client:
        headers = {"traceparent": parent, "tracestate": "a=b"}
        continued = client.get("/v1/tables", headers=headers).json()["headers"]
        begun = client.get("/v1/tables", headers={"tracestate": "a=b"}).json()["headers"]

    assert continued["traceparent"].split("-")[1] == parent.split("-")[1]
    assert continued["traceparent"] != parent
    assert continued["tracestate"] == "a=b"
    assert begun["traceparent"].startswith("00-")
    assert "tracestate" not in begun


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/v1/jobs", "svc-ingest"),
        ("/v1/jobs/job_pq_1", "svc-parquet"),
        ("/v1/jobs/job_in_1/events", "svc-ingest"),
        ("/v1/tables/tb_1", "svc-parquet"),
    ],
)
def test_paths_go_to_their_services(path: str, service: str, gateway: Any) -> None:
    with gateway.client() as client:
        assert client.get(path).json()["service"] == service


def test_a_service_that_is_not_installed_is_a_problem(gateway: Any) -> None:
    with gateway.client() as client:
        response = client.get("/v1/jobs/job_kb_1")

    assert response.status_code == 502
    assert problem(response)["code"] == "service_away"


def test_methods_and_bodies_arrive(any_gateway: Any) -> None:
    content = bytes(range(256)) * 5000
    with any_gateway.client() as client:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            seen = client.request(method, "/v1/uploads/x", content=content).json()
            assert seen["method"] == method
            assert seen["size"] == len(content)
            assert seen["sha256"] == hashlib.sha256(content).hexdigest()
        chunked = client.put("/v1/uploads/x", content=iter([content, b"", content])).json()
        assert chunked["size"] == 2 * len(content)
        assert client.post("/v1/datasets").json()["size"] == 0
        head = client.head("/v1/datasets")
        assert head.status_code == 200
        assert head.content == b""


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "credentials_missing"),
        ({"authorization": "Basic eDp5"}, "credentials_malformed"),
        ({"authorization": "Bearer nothing"}, "key_malformed"),
        ({"cookie": "fleet_session=nothing"}, "session_unknown"),
        ({"cookie": "other=1"}, "credentials_missing"),
    ],
)
def test_a_stranger_reaches_no_service(headers: dict[str, str], code: str, gateway: Any) -> None:
    with gateway.client(None, headers=headers) as client:
        response = client.get("/v1/datasets")

    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert problem(response)["code"] == code
    assert gateway.ingest.scopes == []


def test_a_tenant_is_limited_and_told_when_to_come_again(start_gateway: Any) -> None:
    gateway = start_gateway(limits={"requests_per_second": 0.01, "burst": 3})
    with gateway.client() as client:
        good = [client.get("/v1/datasets") for _ in range(3)]
        refused = client.get("/v1/datasets")

    assert [response.status_code for response in good] == [200] * 3
    assert [response.headers["ratelimit"] for response in good] == [
        '"tenant";r=2',
        '"tenant";r=1',
        '"tenant";r=0',
    ]
    assert refused.status_code == 429
    assert problem(refused)["code"] == "rate_limited"
    assert int(refused.headers["retry-after"]) >= 1


def test_strangers_are_limited_by_address_and_keys_still_work(start_gateway: Any) -> None:
    gateway = start_gateway(limits={"anonymous_per_second": 0.01, "anonymous_burst": 2})
    with gateway.client(None) as stranger, gateway.client() as client:
        statuses = [stranger.get("/v1/datasets").status_code for _ in range(4)]

        assert statuses == [401, 401, 429, 429]
        assert client.get("/v1/datasets").status_code == 200


def test_a_full_route_answers_503_and_others_go_on(start_gateway: Any) -> None:
    gateway = start_gateway(limits={"in_flight": 1})
    with gateway.client() as one, gateway.client() as two:
        with one.stream("GET", "/v1/flows/events") as events:
            next(events.iter_raw())
            full = two.get("/v1/flows")
            other = two.get("/v1/tables")
            gateway.ingest.go_on.set()
        again = wait_until(lambda: two.get("/v1/flows").status_code == 200)

    assert full.status_code == 503
    assert problem(full)["code"] == "busy"
    assert full.headers["retry-after"] == "1"
    assert other.status_code == 200
    assert again


def test_a_body_above_the_limit_is_refused_by_its_length(any_gateway: Any) -> None:
    size = any_gateway.state.settings.limits.body_bytes + 1
    with any_gateway.client() as client:
        response = client.post("/v1/datasets", content=bytes(size))

        assert response.status_code == 413
        assert problem(response)["limit"] == size - 1
        assert client.get("/v1/datasets").status_code == 200


@pytest.mark.parametrize("shape", ["in_process", "http", "aiohttp"])
def test_a_body_without_a_length_is_stopped_at_the_limit(shape: str, start_gateway: Any) -> None:
    gateway = start_gateway(shape=shape, limits={"body_bytes": 100_000})

    def pieces() -> Iterator[bytes]:
        for _ in range(40):
            yield bytes(10_000)

    with gateway.client() as client:
        response = client.post("/v1/datasets", content=pieces())

        assert response.status_code == 413
        assert response.json()["code"] == "body_too_large"
        assert client.get("/v1/datasets").status_code == 200


def test_an_upload_may_be_larger_than_other_bodies(start_gateway: Any) -> None:
    gateway = start_gateway(limits={"body_bytes": 1000, "upload_bytes": 5000})
    with gateway.client() as client:
        assert client.put("/v1/uploads", content=bytes(5000)).status_code == 200
        assert client.put("/v1/uploads", content=bytes(5001)).status_code == 413
        assert client.put("/v1/tables", content=bytes(1001)).status_code == 413


@pytest.mark.parametrize("shape", ["in_process", "http", "aiohttp"])
def test_a_body_that_stops_is_given_up(shape: str, start_gateway: Any) -> None:
    gateway = start_gateway(shape=shape, limits={"body_idle_s": 0.2})
    head = (
        f"PUT /v1/uploads HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {gateway.owner_key}\r\n"
        "Content-Length: 100\r\n\r\nonly this"
    )

    answer = gateway.raw(head.encode())

    assert answer.startswith(b"HTTP/1.1 408"), answer
    assert b"body_timeout" in answer


def test_headers_that_do_not_come_are_given_up(start_gateway: Any) -> None:
    gateway = start_gateway(http={"header_timeout_s": 0.2})

    assert gateway.raw(b"GET /v1/data").startswith(b"HTTP/1.1 408")
    assert gateway.raw(b"GET / HTTP/1.1\r\nHost: a\r\nX-A: ").startswith(b"HTTP/1.1 408")
    assert gateway.raw(b"") == b""


def test_headers_in_two_pieces_are_one_request(gateway: Any) -> None:
    request = (
        f"GET /v1/datasets HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        f"Authorization: Bearer {gateway.owner_key}\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as connection:
        for place in range(0, len(request), 7):
            connection.sendall(request[place : place + 7])
        answer = connection.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 200")


def test_events_pass_one_by_one(any_gateway: Any) -> None:
    """The second event is sent only after the first one has arrived: nothing holds it back."""
    with any_gateway.client() as client, client.stream("GET", "/v1/flows/events") as response:
        events = response.iter_raw()
        assert next(events) == b"data: 1\n\n"
        any_gateway.ingest.go_on.set()

        assert b"".join(events) == b"data: 2\n\n"


def test_much_passes_with_little_memory(any_gateway: Any) -> None:
    process = psutil.Process()
    peak, before = [0], process.memory_info().rss
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.02):
            peak[0] = max(peak[0], process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()

    def pieces() -> Iterator[bytes]:
        for _ in range(200):
            yield bytes(MEBIBYTE)

    try:
        with any_gateway.client() as client:
            sent = client.put("/v1/uploads", content=pieces()).json()
            with client.stream("GET", "/v1/flows/big") as response:
                received = sum(len(piece) for piece in response.iter_raw())
    finally:
        stop.set()
        watcher.join()

    assert sent["size"] == received == 200 * MEBIBYTE
    # Client, gateway and service are in this one process.
    assert peak[0] - before < 64 * MEBIBYTE


def test_a_service_that_fails_is_a_problem_and_the_next_request_works(gateway: Any) -> None:
    with gateway.client() as client:
        response = client.get("/v1/flows/failing")

        assert response.status_code == 500
        assert problem(response)["code"] == "internal_error"
        assert client.get("/v1/flows").status_code == 200


def test_an_answer_that_breaks_off_is_seen_to_be_broken(any_gateway: Any) -> None:
    with any_gateway.client() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/v1/flows/broken")

        assert client.get("/v1/flows").status_code == 200


def test_a_service_that_is_away_is_a_problem(start_gateway: Any) -> None:
    gateway = start_gateway(shape="http")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    gateway.state.upstreams[ServiceName.INGEST].address = ("127.0.0.1", port)
    with gateway.client() as client:
        response = client.get("/v1/datasets")
        ready = client.get("/readyz")

    assert response.status_code == 502
    assert problem(response)["code"] == "service_away"
    assert ready.status_code == 503
    assert list(ready.json()["failing"]) == ["svc-ingest"]


def test_a_service_that_is_silent_is_a_problem(start_gateway: Any) -> None:
    gateway = start_gateway(shape="http", upstream={"idle_s": 0.2})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        gateway.state.upstreams[ServiceName.INGEST].address = silent.getsockname()
        with gateway.client() as client:
            response = client.get("/v1/datasets")

    assert response.status_code == 504
    assert problem(response)["code"] == "gateway_timeout"


def test_own_errors_are_problems_with_the_request_id(gateway: Any) -> None:
    with gateway.client(headers={"x-request-id": "abc"}) as client:
        missing = client.get("/v1/nothing")
        wrong = client.post("/v1/keys", content=b"{", headers={"content-type": "application/json"})
        unknown = client.post("/v1/keys", json={"name": "x", "colour": "red"})
        parameter = client.get("/v1/keys?colour=red")

    assert problem(missing)["code"] == "route_not_found"
    assert problem(wrong)["code"] == "malformed_json"
    assert problem(unknown)["code"] == "unknown_field"
    assert problem(parameter)["code"] == "unknown_field"
    assert {problem(each)["request_id"] for each in (missing, wrong, unknown, parameter)} == {"abc"}


def test_health_metrics_and_document(any_gateway: Any) -> None:
    with any_gateway.client(None) as stranger, any_gateway.client() as client:
        assert stranger.get("/healthz").json() == {"status": "ok"}
        assert stranger.get("/readyz").json() == {"status": "ok", "failing": {}}
        assert stranger.get("/metrics").status_code == 401
        client.get("/v1/datasets")
        metrics = client.get("/metrics").text
        document = client.get("/openapi.json").json()

    assert (
        'fleet_gateway_requests_total{method="GET",route="/v1/datasets",status="200"} 1.0'
        in metrics
    )
    assert "/v1/keys" in document["paths"]
    assert document["paths"]["/v1/keys"]["get"]["x-service"] == "gateway"
    json.dumps(document)
