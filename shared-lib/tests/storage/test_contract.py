"""One contract for every object store: a folder, a real S3 server, an S3 emulator."""

import hashlib
import itertools
import re
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from shared_lib.storage import ObjectStore
from shared_lib.storage.errors import (
    HashMismatchError,
    InvalidObjectKeyError,
    ObjectMissingError,
    StoreUnavailableError,
)
from shared_lib.storage.file_store import FileStore
from shared_lib.storage.keys import MAX_KEY_BYTES, check_key
from shared_lib.storage.minio_store import MinioStore
from shared_lib.storage.settings import StorageSettings
from shared_lib.testing.servers.stores import S3Server

PART = 5 * 1024 * 1024
_BUCKETS = itertools.count()


def connect(server: S3Server) -> MinioStore:
    """A store on a bucket of its own."""
    return MinioStore.connect(
        StorageSettings(
            kind="s3",
            endpoint=server.endpoint,
            bucket=f"test-{next(_BUCKETS)}",
            access_key=SecretStr(server.access_key),
            secret_key=SecretStr(server.secret_key),
            secure=False,
        )
    )


@pytest.fixture(params=["folder", "rclone", "moto"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "folder":
        return FileStore(tmp_path / "store")
    return connect(request.getfixturevalue(f"{request.param}_server"))


def read(store: ObjectStore, key: str, *, start: int = 0, end: int | None = None) -> bytes:
    return b"".join(store.open(key, start=start, end=end))


def keys(store: ObjectStore, prefix: str, *, start_after: str | None = None) -> list[str]:
    return [each.key for each in store.list(prefix, start_after=start_after)]


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 2 * PART + 7])
def test_what_was_put_is_read_back(store: ObjectStore, size: int) -> None:
    content = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    chunks = [content[at : at + 700_001] for at in range(0, size, 700_001)]

    stored = store.put("raw/t/a", chunks)

    assert (stored.key, stored.bytes) == ("raw/t/a", size)
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert read(store, "raw/t/a") == content
    assert store.stat("raw/t/a").bytes == size


def test_nobody_sees_an_object_before_it_is_whole(store: ObjectStore) -> None:
    with store.writer("raw/t/a") as writer:
        writer.write(b"x" * (PART + 1))
        assert not store.exists("raw/t/a")
        assert keys(store, "raw/") == []
        with pytest.raises(ObjectMissingError):
            read(store, "raw/t/a")
        writer.commit()

    assert store.exists("raw/t/a")


@pytest.mark.parametrize("size", [3, PART + 1])
def test_what_is_not_committed_is_discarded(store: ObjectStore, size: int) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"x" * size
        raise RuntimeError("the client is lost")

    with pytest.raises(RuntimeError, match="lost"):
        store.put("raw/t/a", chunks())

    assert not store.exists("raw/t/a")
    assert keys(store, "") == []


def test_bytes_that_are_not_those_announced_are_refused(store: ObjectStore) -> None:
    with pytest.raises(HashMismatchError, match="send them again"):
        store.put("raw/t/a", [b"abc"], expect_sha256="0" * 64)

    assert not store.exists("raw/t/a")


def test_bytes_that_are_those_announced_are_kept(store: ObjectStore) -> None:
    store.put("raw/t/a", [b"abc"], expect_sha256=hashlib.sha256(b"abc").hexdigest())

    assert read(store, "raw/t/a") == b"abc"


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [(0, 3, b"012"), (4, None, b"456789"), (9, 99, b"9"), (3, 3, b""), (10, None, b"")],
)
def test_a_range(store: ObjectStore, start: int, end: int | None, wanted: bytes) -> None:
    store.put("raw/t/a", [b"0123456789"])

    assert read(store, "raw/t/a", start=start, end=end) == wanted


def test_a_missing_object_is_said(store: ObjectStore, tmp_path: Path) -> None:
    calls: list[Callable[[], object]] = [
        lambda: read(store, "raw/t/none"),
        lambda: store.stat("raw/t/none"),
        lambda: store.get_file("raw/t/none", tmp_path / "x"),
        lambda: store.copy("raw/t/none", "raw/t/b"),
    ]
    for call in calls:
        with pytest.raises(ObjectMissingError, match="raw/t/none"):
            call()
    assert not store.exists("raw/t/none")


def test_a_list_is_in_the_order_of_bytes_and_goes_on_after_a_key(store: ObjectStore) -> None:
    names = ["a/1", "a/10", "a/2", "a-b/x", "a/é", "ab/y", "b/z"]
    for name in names:
        store.put(f"raw/{name}", [name.encode()])
    ordered = sorted((f"raw/{name}" for name in names), key=str.encode)

    assert keys(store, "") == ordered
    assert keys(store, "raw/a/") == [key for key in ordered if key.startswith("raw/a/")]
    assert keys(store, "raw/a") == [key for key in ordered if key.startswith("raw/a")]
    assert keys(store, "raw/", start_after="raw/a/10") == ordered[ordered.index("raw/a/10") + 1 :]
    assert keys(store, "nowhere/") == []
    assert [each.bytes for each in store.list("raw/b/")] == [3]


def test_files_go_in_and_out(store: ObjectStore, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(b"content")

    stored = store.put_file("tables/t/x", source)
    store.get_file("tables/t/x", target)

    assert stored.sha256 == hashlib.sha256(b"content").hexdigest()
    assert target.read_bytes() == source.read_bytes() == b"content"
    local = store.local_path("tables/t/x")
    assert local is None or local.read_bytes() == b"content"


def test_a_copy_stays_when_its_source_goes(store: ObjectStore) -> None:
    store.put("raw/t/a", [b"abc"])

    copied = store.copy("raw/t/a", "raw/t/b")
    store.delete("raw/t/a")

    assert copied.bytes == 3
    assert read(store, "raw/t/b") == b"abc"


def test_a_delete_says_what_it_freed_and_may_be_repeated(store: ObjectStore) -> None:
    store.put("raw/t/a", [b"abc"])

    assert [store.delete("raw/t/a"), store.delete("raw/t/a")] == [3, 0]
    assert not store.exists("raw/t/a")
    store.put("raw/t/a", [b"again"])
    assert read(store, "raw/t/a") == b"again"


def test_writers_of_one_key_never_mix(store: ObjectStore) -> None:
    contents = [bytes([65 + place]) * 300_000 for place in range(4)]

    def put(content: bytes) -> None:
        store.put("raw/t/a", [content[:100_000], content[100_000:]])

    threads = [threading.Thread(target=put, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert read(store, "raw/t/a") in contents


@pytest.mark.parametrize("name", ["a b", "ü/漢字", "100%", "a+b&c=d", "q?x#y", "~.-_", "'\"<>"])
def test_names_that_people_use(store: ObjectStore, name: str) -> None:
    store.put(f"raw/{name}", [name.encode()])

    assert read(store, f"raw/{name}") == name.encode()
    assert keys(store, "raw/") == [f"raw/{name}"]


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "../a", "a/../b", ".", "a\\b", "a\x00b", "a\nb", ".partial/x"]
)
def test_keys_that_lead_elsewhere_are_refused(store: ObjectStore, key: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: store.put(key, [b"x"]),
        lambda: read(store, key),
        lambda: store.delete(key),
        lambda: store.exists(key),
    ]
    for call in calls:
        with pytest.raises(InvalidObjectKeyError):
            call()


@given(st.text(max_size=40))
def test_a_key_that_is_accepted_stays_below_the_root(key: str) -> None:
    try:
        check_key(key)
    except InvalidObjectKeyError:
        return
    assert Path("/store", key).resolve().is_relative_to("/store")
    assert str(Path("/store", key)) == f"/store/{key}"
    assert len(key.encode()) <= MAX_KEY_BYTES


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=200),
    st.integers(0, 220),
    st.one_of(st.none(), st.integers(0, 220)),
)
def test_any_range_is_that_of_a_slice(content: bytes, start: int, end: int | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = FileStore(Path(folder))
        store.put("a", [content])
        assert read(store, "a", start=start, end=end) == content[start:end]


@pytest.fixture(params=["rclone", "moto"])
def s3(request: pytest.FixtureRequest) -> MinioStore:
    return connect(request.getfixturevalue(f"{request.param}_server"))


def test_a_presigned_address_reads_without_a_key(s3: MinioStore) -> None:
    s3.put("raw/t/a b", [b"shared"])
    address = s3.presign_get("raw/t/a b", expires_s=60)

    assert re.match(r"http://127\.0\.0\.1:\d+/", address)
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - it is http
        assert answer.read() == b"shared"


def test_a_store_that_does_not_answer_is_said() -> None:
    away = S3Server(kind="none", endpoint="127.0.0.1:9")
    with pytest.raises(StoreUnavailableError):
        connect(away).exists("raw/a")


def test_a_list_of_more_than_a_page(moto_server: S3Server) -> None:
    """S3 answers a thousand keys at a time."""
    store = connect(moto_server)
    for number in range(1_005):
        store.put(f"p/{number:04d}", [b""])

    assert keys(store, "p/") == [f"p/{number:04d}" for number in range(1_005)]
