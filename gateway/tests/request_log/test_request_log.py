"""Every request is recorded, in batches, without ever holding a request up."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway.dispatcher.tracing import make_request_id, oldest_request_id
from gateway.request_log.json_lines import RotatingLines
from gateway.request_log.models import RequestRow
from gateway.request_log.repository import RequestRepository
from gateway.request_log.writer import Finished, RequestLog
from gateway.settings import RequestLogSettings
from shared_lib.contracts.base import utc_now
from shared_lib.db.engine import Database
from shared_lib.db.migrations import migrate
from shared_lib.testing.waiting import wait_until


def finished(**changes: Any) -> Finished:
    made = make_request_id()
    entry = {
        "id": made,
        "request_id": made,
        "at": 1_700_000_000.5,
        "tenant": "tn_a",
        "subject": "key_a",
        "method": "GET",
        "path": b"/v1/datasets",
        "service": "svc-ingest",
        "status": 200,
        "bytes_in": 0,
        "bytes_out": 5,
        "duration_ms": 1.5,
        "client": "127.0.0.1",
        "trace_id": "0" * 32,
        "error_code": None,
    }
    return Finished(**(entry | changes))


@pytest.fixture
def database(database_url: str) -> Any:
    database = Database(database_url)
    migrate("gateway", database)
    yield database
    database.dispose()


def open_log(database: Database, folder: Path, **settings: Any) -> RequestLog:
    made = RequestLogSettings(**settings)
    lines = RotatingLines(folder / "requests.jsonl", file_bytes=made.file_bytes, files=made.files)
    return RequestLog(database, settings=made, lines=lines)


def count(database: Database) -> int:
    with database.read() as view:
        return view.session.scalar(select(func.count()).select_from(RequestRow)) or 0


def test_what_is_added_is_in_the_database_and_in_the_file(
    database: Database, tmp_path: Path
) -> None:
    log = open_log(database, tmp_path)
    log.start()
    for number in range(2500):
        log.add(finished(status=200 + number % 5))
    log.close()

    lines = [json.loads(line) for line in (tmp_path / "requests.jsonl").read_text().splitlines()]
    assert count(database) == len(lines) == 2500
    assert lines[0]["at"] == "2023-11-14T22:13:20.500Z"
    assert lines[0]["path"] == "/v1/datasets"
    assert log.dropped == 0


def test_a_full_queue_drops_and_counts_and_never_blocks(database: Database, tmp_path: Path) -> None:
    log = open_log(database, tmp_path, queue=10)
    for _ in range(25):
        log.add(finished())
    assert log.dropped == 15

    log.start()
    log.close()
    assert count(database) == 10


def test_a_database_that_is_away_does_not_stop_the_file(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = open_log(database, tmp_path)
    log.add(finished(status=None))
    log.flush()
    log.add(finished())
    log.flush()
    log.close()

    assert len((tmp_path / "requests.jsonl").read_text().splitlines()) == 2
    assert count(database) == 1
    assert "writing the request log failed" in caplog.text


def test_the_file_is_rotated_by_size_and_old_ones_go(database: Database, tmp_path: Path) -> None:
    log = open_log(database, tmp_path, file_bytes=1024, files=2)
    for number in range(20):
        log.add(finished(path=b"/v1/" + b"x" * 300 + b"%d" % number))
        log.flush()
    log.close()

    files = sorted(path.name for path in tmp_path.glob("requests.jsonl*"))
    assert set(files) <= {"requests.jsonl", "requests.jsonl.1", "requests.jsonl.2"}
    assert "requests.jsonl.2" in files
    for name in files:
        for line in (tmp_path / name).read_text().splitlines():
            json.loads(line)


def test_old_entries_are_forgotten(database: Database) -> None:
    with database.write() as unit:
        rows = [{**finished()._asdict(), "id": each, "path": "/"} for each in ("req_0", "req_f")]
        for row in rows:
            row["at"] = database_time()
        RequestRepository(unit).add_all(rows)
    with database.write() as unit:
        RequestRepository(unit).forget(before=oldest_request_id(at=1_700_000_000))

    with database.read() as view:
        assert view.session.scalars(select(RequestRow.id)).all() == ["req_f"]


def database_time() -> Any:

    return utc_now()


def test_requests_are_listed_for_their_tenant_only(start_gateway: Any, database_url: str) -> None:
    gateway = start_gateway(url=database_url)
    with gateway.client() as owner, gateway.client(None) as stranger:
        owner.post("/v1/tenants", json={"name": "other"})
        body = {"name": "theirs", "role": "admin", "tenant": "other"}
        theirs = owner.post("/v1/keys", json=body).json()["secret"]
        stranger.get("/v1/datasets")
        owner.put("/v1/uploads/x", content=b"12345", headers={"x-request-id": "mine"})
        owner.get("/v1/flows/refuse")
        gateway.raw(b"GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: len(owner.get("/v1/requests").json()["items"]) >= 4)

        mine = owner.get("/v1/requests?request_id=mine").json()["items"]
        bad = owner.get("/v1/requests?min_status=400").json()["items"]
        parquet = owner.get("/v1/requests?service=svc-parquet").json()["items"]
        with gateway.client(theirs) as other:
            others = other.get("/v1/requests").json()["items"]

    (upload,) = mine
    assert upload["id"] == "mine"
    assert upload["bytes_in"] == 5
    assert upload["bytes_out"] > 0
    assert upload["service"] == "svc-ingest"
    assert upload["path"] == "/v1/uploads/x"
    assert upload["client"] == "127.0.0.1"
    assert len(upload["trace_id"]) == 32
    assert [entry["error_code"] for entry in bad] == ["refused_here"]
    assert parquet == []
    assert all(entry["tenant"] != upload["tenant"] for entry in others)
    log = (gateway.state.settings.data / "logs" / "requests.jsonl").read_text()
    assert "credentials_missing" in log
    assert "bad_path" in log
    assert gateway.owner_key not in log
