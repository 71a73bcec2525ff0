"""Bytes on their way: streamed as they come, gone with the client, refused by a full disk."""

import contextlib
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from ingest_service import (
    Ingest,
    content_digest,
    digest_of,
    ingest_settings,
    running_ingest,
)

from shared_lib.contracts.services import ServiceName
from shared_lib.db.migrations import migrate
from shared_lib.storage.file_store import FileWriter
from shared_lib.testing.processes import free_port, running
from shared_lib.testing.services import Identities
from shared_lib.testing.waiting import wait_until
from svc_ingest.worker import runtime

MEBIBYTE = 1024 * 1024


@contextlib.contextmanager
def half_an_upload(
    ingest: Ingest, *, announced: int, sent: int, media_type: str = "application/octet-stream"
) -> Iterator[socket.socket]:
    """A connection on which `sent` of `announced` bytes have been sent."""
    port = int(ingest.url.rpartition(":")[2])
    headers = ingest.identities.headers() | {
        "Host": "x",
        "Content-Length": str(announced),
        "Content-Type": media_type,
    }
    head = "\r\n".join(f"{name}: {value}" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", port)) as connection:
        request = f"PUT /v1/uploads/a.csv?dataset=people HTTP/1.1\r\n{head}\r\n\r\n"
        connection.sendall(request.encode() + b"x" * sent)
        yield connection


@pytest.mark.parametrize("media_type", ["application/octet-stream", "application/json"])
def test_bytes_are_written_while_they_come(light_ingest: Ingest, media_type: str) -> None:
    """Also when they are JSON, which a framework likes to hold in memory."""
    size = 8 * MEBIBYTE
    with half_an_upload(
        light_ingest, announced=size, sent=4 * MEBIBYTE, media_type=media_type
    ) as connection:
        wait_until(
            lambda: sum(path.stat().st_size for path in light_ingest.partials()) >= 3 * MEBIBYTE,
            what="three of the four MiB that were sent",
        )
        assert light_ingest.objects() == []
        connection.sendall(b"x" * (size - 4 * MEBIBYTE))
        assert connection.recv(12) == b"HTTP/1.1 201"

    (row,) = light_ingest.uploads()
    assert (row.state, row.bytes, row.sha256) == ("landed", size, digest_of(b"x" * size))
    light_ingest.assert_whole()


def test_a_client_that_goes_leaves_nothing(ingest: Ingest) -> None:
    with half_an_upload(ingest, announced=8 * MEBIBYTE, sent=3 * MEBIBYTE):
        wait_until(ingest.partials, what="bytes to come")
        (row,) = ingest.uploads()
        assert row.state == "receiving"

    wait_until(lambda: ingest.uploads()[0].state == "aborted", what="the upload to be aborted")
    wait_until(lambda: not ingest.partials(), what="the bytes to go")
    assert ingest.get("/v1/datasets")["items"] == []
    ingest.assert_whole()


def test_a_client_that_stalls_is_dropped_by_the_sweep(light_ingest: Ingest) -> None:
    size = 4 * MEBIBYTE
    with half_an_upload(light_ingest, announced=size, sent=2 * MEBIBYTE) as connection:
        wait_until(light_ingest.partials, what="bytes to come")
        light_ingest.age(light_ingest.uploads()[0].id, seconds=3600)
        light_ingest.sweep()
        assert light_ingest.uploads()[0].state == "aborted"
        connection.sendall(b"x" * (size - 2 * MEBIBYTE))
        assert connection.recv(12) == b"HTTP/1.1 409"

    light_ingest.assert_whole()
    assert light_ingest.outbox() == []


def test_a_slow_upload_keeps_its_lease(tmp_path: Path) -> None:
    """The lease is moved on by bytes that come, however long the whole takes."""
    with (
        running_ingest(ingest_settings(tmp_path, upload_lease_s=1e-3)) as ingest,
        half_an_upload(ingest, announced=3 * MEBIBYTE, sent=MEBIBYTE) as connection,
    ):
        first = wait_until(ingest.uploads, what="the row")[0].lease_until
        connection.sendall(b"x" * MEBIBYTE)
        wait_until(lambda: (ingest.uploads()[0].lease_until or first) > first, what="a later lease")
        connection.sendall(b"x" * MEBIBYTE)
        assert connection.recv(12) == b"HTTP/1.1 201"


def test_a_full_disk_is_said_and_nothing_is_kept(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: both fail in the middle of a write."""
    settings = ingest_settings(tmp_path)
    identities = Identities(settings.secrets_folder, audience=ServiceName.INGEST)
    parts = runtime(settings)
    migrate("svc_ingest", parts.database)
    parts.database.dispose()
    port = free_port()
    serve = f"{sys.executable} -m uvicorn --factory svc_ingest.main:app_factory --port {port}"
    command = ["/bin/sh", "-c", f"ulimit -f 8192 && exec {serve}"]
    environment = {"FLEET_MODE": "embedded", "FLEET_DATA": str(settings.data)}
    with (
        running(command, port=port, log=tmp_path / "log", env=environment),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=identities.headers()) as client,
    ):
        large = client.put("/v1/uploads/a.csv?dataset=d", content=b"x" * 16 * MEBIBYTE)
        assert (large.status_code, large.json()["code"]) == (507, "no_space_left")
        small = client.put("/v1/uploads/a.csv?dataset=d", content=b"x" * MEBIBYTE)
        assert small.status_code == 201, small.text

    ingest = Ingest(settings=settings, identities=identities, url="http://127.0.0.1", app=None)
    assert [row.state for row in ingest.uploads()] == ["aborted", "landed"]
    ingest.assert_whole()
    ingest.close()


def test_leaving_a_writer_never_blocks_the_event_loop(
    light_ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store may take long to discard: a plain read is answered meanwhile."""
    release, leave = threading.Event(), FileWriter.__exit__

    def slowly(self: FileWriter, *error: object) -> None:
        assert release.wait(30)
        leave(self, None, None, None)

    monkeypatch.setattr(FileWriter, "__exit__", slowly)
    with half_an_upload(light_ingest, announced=2 * MEBIBYTE, sent=2 * MEBIBYTE) as connection:
        wait_until(light_ingest.objects, what="the object")
        assert light_ingest.get("/v1/datasets")["items"] == []
        release.set()
        assert connection.recv(12) == b"HTTP/1.1 201"


def test_a_digest_is_checked_over_everything_that_came(light_ingest: Ingest) -> None:
    content = bytes(range(256)) * 20_000
    wrong = light_ingest.put("a", content, headers={"Content-Digest": content_digest(b"")})
    right = light_ingest.put("a", content, headers={"Content-Digest": content_digest(content)})

    assert (wrong.status_code, wrong.json()["sha256"]) == (422, digest_of(content))
    assert right.status_code == 201
    light_ingest.assert_whole()
