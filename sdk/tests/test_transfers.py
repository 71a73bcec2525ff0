"""Bytes there and back over broken connections: all of them, or an error."""

import base64
import hashlib
import io
import json
from pathlib import Path

import pytest
from faulty_server import Answer, Request, answer, faulty_server

from datafleet import (
    Client,
    InvalidRequestError,
    RetryPolicy,
    TransferDamagedError,
    UnreachableError,
)

AT_ONCE = RetryPolicy(attempts=3, first_s=0.0)
CONTENT = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(CONTENT).hexdigest()
DIGEST = f"sha-256=:{base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()}:"


def upload_view(content: bytes) -> bytes:
    view = {
        "id": "up_1",
        "state": "received",
        "path": "a.csv",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "deduplicated": False,
        "created_at": "2026-01-01T00:00:00Z",
    }
    return answer("201 Created", json.dumps(view).encode())


def receive(request: Request) -> bytes:
    return upload_view(request.body)


def send_range(content: bytes = CONTENT, *, cut: int | None = None, etag: str = SHA256) -> Answer:
    """A file server's answer, for the range that was asked for, or only the start of it."""

    def give(request: Request) -> bytes:
        headers = {"Repr_Digest": DIGEST, "ETag": f'"{etag}"'}
        wanted = request.headers.get("range")
        if wanted is None or request.headers.get("if-range") != f'"{etag}"':
            return answer("200 OK", content, cut=cut, **headers)
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content):
            body = {"type": "x", "title": "T", "status": 416, "code": "c", "detail": "D."}
            return answer("416 Range", json.dumps(body).encode())
        headers["Content_Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return answer("206 Partial Content", content[start:], cut=cut, **headers)

    return give


def test_an_upload_that_breaks_is_sent_again_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(CONTENT)
    sent: list[int] = []
    with (
        faulty_server([b"", answer("503 Away", b"{}"), receive]) as server,
        Client(server.address, retries=AT_ONCE) as client,
    ):
        upload = client.uploads.put(file, progress=sent.append)

    assert upload.sha256 == SHA256
    assert [request.body for request in server.requests] == [CONTENT] * 3
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 1
    assert server.requests[0].line == "PUT /v1/uploads/a.csv HTTP/1.1"
    assert sent.count(len(CONTENT)) == 3


def test_other_bytes_than_sent_are_noticed(tmp_path: Path) -> None:
    with (
        faulty_server([upload_view(b"other")]) as server,
        Client(server.address, retries=AT_ONCE) as client,
        pytest.raises(TransferDamagedError, match="Send it again"),
    ):
        client.uploads.put(CONTENT, path="a.csv")


def test_a_refused_upload_is_not_repeated() -> None:
    body = {"type": "x", "title": "T", "status": 422, "code": "empty_file", "detail": "Empty."}
    with (
        faulty_server([answer("422 No", json.dumps(body).encode())]) as server,
        Client(server.address, retries=AT_ONCE) as client,
        pytest.raises(InvalidRequestError, match=r"Empty\."),
    ):
        client.uploads.put(b"", path="a.csv")
    assert len(server.requests) == 1


def test_a_pipe_is_sent_once_and_in_chunks() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with (
        faulty_server([b""]) as server,
        Client(server.address, retries=AT_ONCE) as client,
        pytest.raises(UnreachableError),
    ):
        client.uploads.put(Pipe(CONTENT), path="a.csv")
    assert server.requests[0].headers["transfer-encoding"] == "chunked"


def test_a_file_that_shrinks_while_it_is_sent_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(CONTENT)

    def shrink(_sent: int) -> None:
        with file.open("r+b") as opened:
            opened.truncate(300_000)

    with (
        faulty_server([b""]) as server,
        Client(server.address, retries=AT_ONCE) as client,
        pytest.raises(TransferDamagedError, match="became shorter"),
    ):
        client.uploads.put(file, progress=shrink)


def test_names_are_quoted() -> None:
    with faulty_server([receive]) as server, Client(server.address) as client:
        client.uploads.put(b"x", path="ä b/c?d#e%.csv", dataset="d")
    expected = "PUT /v1/uploads/%C3%A4%20b/c%3Fd%23e%25.csv?dataset=d HTTP/1.1"
    assert server.requests[0].line == expected


def test_a_download_that_breaks_goes_on_where_it_ended(tmp_path: Path) -> None:
    target = tmp_path / "t.parquet"
    seen: list[tuple[int, int | None]] = []
    answers = [send_range(cut=100_000), send_range(cut=300_000), b"", send_range()]
    with (
        faulty_server(answers) as server,
        Client(server.address, retries=AT_ONCE) as client,
    ):
        done = client.tables.download("tb_1", to=target, progress=lambda *at: seen.append(at))

    assert target.read_bytes() == CONTENT
    assert (done.bytes, done.sha256) == (len(CONTENT), SHA256)
    ranges = [request.headers.get("range") for request in server.requests]
    assert ranges == [None, "bytes=100000-", "bytes=400000-", "bytes=400000-"]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert sorted(tmp_path.iterdir()) == [target]


def test_a_download_goes_on_in_another_process(tmp_path: Path) -> None:
    target = tmp_path / "t[1].parquet"
    with (
        faulty_server([send_range(cut=100_000)]) as server,
        Client(server.address, retries=RetryPolicy(attempts=1)) as client,
        pytest.raises(UnreachableError),
    ):
        client.tables.download("tb_1", to=target)
    assert not target.exists()
    with faulty_server([send_range()]) as server, Client(server.address) as client:
        client.tables.download("tb_1", to=target)

    assert server.requests[0].headers["range"] == "bytes=100000-"
    assert target.read_bytes() == CONTENT
    assert sorted(tmp_path.iterdir()) == [target]


def test_a_part_of_another_content_is_thrown_away(tmp_path: Path) -> None:
    target = tmp_path / "t.parquet"
    (tmp_path / f".t.parquet.{'0' * 64}.part").write_bytes(b"older")
    with faulty_server([send_range()]) as server, Client(server.address) as client:
        client.tables.download("tb_1", to=target)

    assert target.read_bytes() == CONTENT
    assert sorted(tmp_path.iterdir()) == [target]


def test_a_part_that_is_whole_already_is_proved_anew(tmp_path: Path) -> None:
    target = tmp_path / "t.parquet"
    (tmp_path / f".t.parquet.{SHA256}.part").write_bytes(CONTENT)
    with faulty_server([send_range(), send_range()]) as server, Client(server.address) as client:
        client.tables.download("tb_1", to=target)

    assert target.read_bytes() == CONTENT
    assert sorted(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    "given",
    [send_range(CONTENT[:-1] + b"?"), answer("200 OK", CONTENT)],
    ids=["other bytes", "no digest"],
)
def test_bytes_that_cannot_be_proved_are_not_kept(tmp_path: Path, given: bytes | Answer) -> None:
    target = tmp_path / "t.parquet"
    target.write_bytes(b"before")
    with (
        faulty_server([given]) as server,
        Client(server.address) as client,
        pytest.raises(TransferDamagedError),
    ):
        client.tables.download("tb_1", to=target)

    assert target.read_bytes() == b"before"
    assert sorted(tmp_path.iterdir()) == [target]
