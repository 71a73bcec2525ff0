"""nginx in front, as `make docs` writes it: it forwards, the gateway decides."""

import getpass
import json
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import nginx
import pytest

from shared_lib.testing.processes import ServerProcess, free_port
from shared_lib.testing.scaled_out import ScaledOutFleet
from shared_lib.testing.waiting import wait_until

PROGRAM = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/bin")

pytestmark = [
    pytest.mark.xdist_group("scaled_out"),
    pytest.mark.skipif(PROGRAM is None, reason="nginx is not here: apt-get install nginx-light"),
]

Door = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def door(
    scaled_out_fleet: ScaledOutFleet, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Door]:
    """`door(key)`: a client that comes in through nginx."""
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    (folder / "door.conf").write_text(f'set $door_secret "{scaled_out_fleet.door_secret}";\n')
    (folder / "nginx.conf").write_text(
        nginx.render(
            listen=f"127.0.0.1:{port}",
            folder=str(folder),
            door=str(folder / "door.conf"),
            addresses=scaled_out_fleet.addresses,
        )
    )
    command = [str(PROGRAM), "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]
    # Started by root it would work as somebody who may not enter this folder.
    more = f"daemon off; user {getpass.getuser()};"
    server = ServerProcess([*command, "-g", more], port=port, log=folder / "log")
    server.start()

    def come_in(key: str | None = scaled_out_fleet.key) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60)

    yield come_in
    server.stop()


def make_key(door: Door, **asked: str) -> tuple[str, str]:
    with door() as owner:
        made = owner.post("/v1/keys", json={"name": "door", **asked}).json()
    return made["key"]["id"], made["secret"]


def test_a_file_goes_through_the_door_and_comes_back_as_a_table(door: Door) -> None:
    with door() as client:
        rows = "".join(f"{row},{row / 4}\n" for row in range(200_000))
        landed = client.put(
            "/v1/uploads/door.csv", params={"dataset": "door"}, content=f"id,value\n{rows}".encode()
        )
        assert landed.status_code == 201, landed.text
        # Only the gateway itself says how much of the limit is left: this was nginx.
        assert "ratelimit" not in landed.headers
        flow_id = landed.json()["version"]["flow_id"]
        flow = client.get(f"/v1/flows/{flow_id}", headers={"Prefer": "wait=60"}).json()

        assert flow["state"] == "succeeded", flow
        assert client.get("/v1/jobs", params={"flow": flow_id}).json()["items"]
        with client.stream("GET", f"/v1/flows/{flow_id}/events") as stream:
            assert next(line for line in stream.iter_lines() if line.startswith("event:"))


def test_what_is_refused_is_explained_by_the_gateway(door: Door) -> None:
    with door(None) as stranger:
        answers = {
            path: stranger.get(path) for path in ("/v1/datasets", "/v1/flows/x", "/v1/nothing")
        }
    with door("fleet_live_wrong") as mistaken:
        answers["wrong key"] = mistaken.get("/v1/datasets")

    assert {name: answer.status_code for name, answer in answers.items()} == {
        "/v1/datasets": 401,
        "/v1/flows/x": 401,
        "/v1/nothing": 404,
        "wrong key": 401,
    }
    assert all(answer.json()["detail"] for answer in answers.values())


def test_a_decision_is_remembered_for_its_key_and_its_method_alone(door: Door) -> None:
    _, viewer_key = make_key(door, role="viewer")
    with door() as owner:
        owner.post("/v1/tenants", json={"name": "doorstep"})
    _, other_key = make_key(door, role="admin", tenant="doorstep")

    with door() as owner, door(viewer_key) as viewer, door(other_key) as other:
        for number in range(3):
            made = owner.post("/v1/datasets", json={"name": f"kept-{number}"})
            assert made.status_code == 201
            assert viewer.post("/v1/datasets", json={"name": "no"}).status_code == 403
            assert viewer.get(f"/v1/datasets/{made.json()['id']}").status_code == 200
            assert other.get(f"/v1/datasets/{made.json()['id']}").status_code == 404
            assert other.get("/v1/datasets").json()["items"] == []


def test_a_revoked_key_is_soon_refused(door: Door) -> None:
    key_id, key = make_key(door, role="viewer")
    with door() as owner, door(key) as viewer:
        assert viewer.get("/v1/datasets").status_code == 200
        assert owner.delete(f"/v1/keys/{key_id}").status_code in {200, 204}
        wait_until(
            lambda: viewer.get("/v1/datasets").status_code == 401, timeout_s=30, what="a refusal"
        )


def test_nobody_says_who_he_is_by_a_header(door: Door, scaled_out_fleet: ScaledOutFleet) -> None:
    forged = {"X-Fleet-Identity": "me", "X-Fleet-Door": scaled_out_fleet.door_secret}
    with door(None) as stranger, door() as owner:
        assert stranger.get("/v1/datasets", headers=forged).status_code == 401
        assert stranger.get("/internal/authorize", headers=forged).status_code == 404
        assert stranger.get("/authorize", headers=forged).status_code in {401, 404}
        assert owner.get("/v1/datasets", headers=forged).status_code == 200


def test_only_an_nginx_with_the_secret_is_told_anything(scaled_out_fleet: ScaledOutFleet) -> None:
    asked = {"X-Forwarded-Method": "GET", "X-Forwarded-Uri": "/v1/datasets"}
    right = {**asked, "X-Fleet-Door": scaled_out_fleet.door_secret}
    with scaled_out_fleet.client() as client:
        told = client.get("/internal/authorize", headers=right)
        assert (told.status_code, "x-fleet-identity" in told.headers) == (204, True)
        for headers in (asked, {**asked, "X-Fleet-Door": "wrong"}):
            refused = client.get("/internal/authorize", headers=headers)
            assert (refused.status_code, "x-fleet-identity" in refused.headers) == (404, False)


@pytest.mark.parametrize(
    "target",
    ["/v1/datasets/../tables", "/v1/datasets/%2e%2e/keys", "//v1/datasets", "/v1/tables/..%2fx",
     "/v1/datasets/a%00", "/v1/datasets;x=1", "/v1/datasets/%c3%a9", "/v1/datasets?a=%0a"],
)  # fmt: skip
def test_an_odd_address_is_answered_as_without_the_door(
    target: str, door: Door, scaled_out_fleet: ScaledOutFleet
) -> None:
    with door() as through, scaled_out_fleet.client() as direct:
        assert ask_for(target, through) in {ask_for(target, direct), 400}


def ask_for(target: str, client: httpx.Client) -> int:
    """The status of an answer to bytes that no client library would send as they are."""
    where, key = client.base_url, client.headers["Authorization"]
    with socket.create_connection((where.host, where.port or 80), timeout=30) as connection:
        connection.sendall(
            f"GET {target} HTTP/1.1\r\nHost: {where.netloc.decode()}\r\n"
            f"Authorization: {key}\r\nConnection: close\r\n\r\n".encode()
        )
        with connection.makefile("rb") as answer:
            return int(answer.readline().split()[1])


def test_each_service_is_told_for_itself(door: Door) -> None:
    with door() as client:
        answers = {path: client.get(path) for path in ("/v1/datasets", "/v1/tables", "/v1/search")}
    assert [answers[path].status_code for path in ("/v1/datasets", "/v1/tables")] == [200, 200]
    assert answers["/v1/search"].status_code not in {401, 403}


def test_a_body_that_is_too_large_and_a_request_id(door: Door) -> None:
    with door() as client:
        large = client.post("/v1/datasets", content=b" " * (17 * 1024 * 1024))
        assert (large.status_code, large.json()["code"]) == (413, "body_too_large")
        named = client.get("/v1/datasets", headers={"X-Request-ID": "mine-1"})
        assert named.headers.get_list("x-request-id") == ["mine-1"]
        first, second = (client.get("/v1/datasets").headers["x-request-id"] for _ in range(2))
        assert first != second
        assert first.startswith("req_")


def test_a_service_that_is_away_is_a_problem_with_advice(
    door: Door, scaled_out_fleet: ScaledOutFleet
) -> None:
    service = scaled_out_fleet.members["svc-parquet-1"]
    service.stop()
    try:
        with door() as client:
            away = client.get("/v1/tables")
    finally:
        service.start()
        scaled_out_fleet.await_ready()

    assert (away.status_code, away.json()["code"]) == (503, "service_away")
    assert away.headers["retry-after"] == "1"


def test_the_log_has_a_line_a_request_and_no_secret(
    door: Door, scaled_out_fleet: ScaledOutFleet, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with door() as client:
        client.get("/v1/datasets", headers={"X-Request-ID": "logged-1"})
    log: Path = next(tmp_path_factory.getbasetemp().glob("nginx*/log"))
    wait_until(lambda: "logged-1" in log.read_text(), what="the line")
    lines = [line for line in log.read_text().splitlines() if line.startswith("{")]

    assert "logged-1" in {json.loads(line)["request_id"] for line in lines}
    assert scaled_out_fleet.key not in log.read_text()
    assert scaled_out_fleet.door_secret not in log.read_text()
