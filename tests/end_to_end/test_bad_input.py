"""Bad input: a problem that says what, where and what to do; and the next request works."""

import gzip
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from shared_lib.testing.fleet import FleetUnderTest

Land = Callable[..., dict[str, object]]


@pytest.fixture(autouse=True)
def still_works(land: Land) -> Iterator[None]:
    """After every piece of bad input an ordinary file still goes through."""
    yield
    assert land("next.csv", b"a,b\n1,2\n", dataset="next")["state"] == "succeeded"


def _problem(answer: httpx.Response, *, status: int, code: str) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem: dict[str, object] = answer.json()
    assert problem["code"] == code
    assert problem["request_id"]
    assert len(str(problem["detail"])) > 20
    return problem


def _failed_step(flow: dict[str, object]) -> dict[str, object]:
    assert flow["state"] == "failed"
    steps = flow["steps"]
    assert isinstance(steps, list)
    (step,) = (step for step in steps if step["state"] == "failed")
    error: dict[str, object] = step["error"]
    assert error["detail"]
    return error


def test_empty_file(api: httpx.Client) -> None:
    answer = api.put("/v1/uploads/e.csv?dataset=empty", content=b"")
    _problem(answer, status=422, code="empty_file")
    assert api.get("/v1/datasets/empty").status_code == 404


def test_wrong_type(land: Land) -> None:
    error = _failed_step(land("p.csv", b"\x89PNG\r\n\x1a\n" + bytes(2000), dataset="picture"))
    assert error["code"] == "unsupported_format"
    assert "p.csv" in str(error["detail"])


def test_truncated_gzip(land: Land) -> None:
    content = gzip.compress(b"a,b\n" + b"1,2\n" * 50_000)
    error = _failed_step(land("t.csv.gz", content[: len(content) // 2], dataset="truncated"))
    assert error["code"] == "truncated_compression"
    assert "byte" in error


def test_one_line_of_200_megabytes(land: Land, fleet: FleetUnderTest) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"a,b\n1,"
        for _ in range(200):
            yield b"x" * 1_000_000

    flow = land("long.csv", pieces(), dataset="long-line")
    if flow["state"] == "failed":
        assert _failed_step(flow)["code"] == "row_too_large"
    else:
        assert "quarantined_rows" in str(flow)
    assert fleet.api.memory_info().rss < 400_000_000


def test_wrong_key_in_every_way(fleet: FleetUnderTest) -> None:
    for key in (
        "x",
        "fleet_live_nonsense",
        fleet.key[:-1] + ("0" if fleet.key[-1] != "0" else "1"),
    ):
        answer = httpx.get(
            f"{fleet.address}/v1/datasets", headers={"Authorization": f"Bearer {key}"}
        )
        assert answer.status_code == 401
        assert answer.json()["detail"]


def test_wrong_json(api: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    answer = api.post("/v1/datasets", content=b'{"name": ', headers=headers)
    problem = _problem(answer, status=400, code="malformed_json")
    assert problem["character"] == 9 or problem["character"] == 10


def test_unknown_field_and_parameter(api: httpx.Client) -> None:
    answer = api.post("/v1/datasets", json={"name": "x", "colour": "red"})
    assert _problem(answer, status=422, code="unknown_field")["field"] == "colour"
    answer = api.get("/v1/flows", params={"limt": 3})
    assert _problem(answer, status=422, code="unknown_field")["field"] == "limt"


def test_announced_hash_that_is_not_the_bytes(api: httpx.Client, fleet: FleetUnderTest) -> None:
    before = fleet.objects()
    headers = {"Content-Digest": "sha-256=:" + "A" * 43 + "=:"}
    answer = api.put("/v1/uploads/h.csv", content=b"a,b\n1,2\n", headers=headers)
    _problem(answer, status=422, code="hash_mismatch")
    assert {k for k in fleet.objects() - before if k.startswith(("raw/", ".partial"))} == set()


def test_client_that_goes_away_in_the_middle(fleet: FleetUnderTest) -> None:
    def half() -> Iterator[bytes]:
        yield b"a,b\n" * 100_000
        raise ConnectionAbortedError

    with fleet.client() as client, pytest.raises(ConnectionAbortedError):
        client.put("/v1/uploads/half.csv?dataset=half", content=half())
    with fleet.client() as client:
        assert client.get("/v1/datasets/half").status_code == 404


def test_no_space_left(tmp_path: Path) -> None:
    """A real limit of the system on the size of a file stands for a full disk."""
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from shared_lib.storage import FileStore\n"
        "from shared_lib.contracts.errors import NoSpaceError\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
        "store = FileStore(Path(sys.argv[1]))\n"
        "try:\n"
        "    store.put('raw/a/b', iter([b'x' * 300_000] * 10))\n"
        "except NoSpaceError as error:\n"
        "    print(error.status, error.detail)\n"
        "left = [p for p in Path(sys.argv[1]).rglob('*') if p.is_file()]\n"
        "assert left == [], left\n"
        "store.put('raw/a/c', [b'small'])\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "objects")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("507 ")
    assert "Free some space" in done.stdout
