"""Objects in a bucket of any S3, by the MinIO client.

Nothing here needs a server's versioning, conditional writes or notifications, and an answer of
200 with the whole body to a range request is understood.
"""

import contextlib
import hashlib
import queue
import re
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

import urllib3
from minio import Minio
from minio.commonconfig import CopySource
from minio.error import InvalidResponseError, MinioException, S3Error

from shared_lib.contracts.errors import NoSpaceError
from shared_lib.storage.contract import CHUNK, StoredObject
from shared_lib.storage.errors import (
    HashMismatchError,
    ObjectMissingError,
    StoreUnavailableError,
)
from shared_lib.storage.keys import check_key
from shared_lib.storage.settings import StorageSettings

PART_SIZE = 8 * 1024 * 1024
"""Bytes of one part of a multipart upload: with 10,000 parts an object may have 80 GB."""

CONNECT_S, READ_S = 3.0, 60.0
RETRIED = (500, 502, 503, 504)


class MinioStore:
    """An `ObjectStore` on one bucket."""

    def __init__(self, client: Minio, *, bucket: str) -> None:
        self._connection = client
        self._bucket = bucket
        self._ensured = False

    @property
    def _client(self) -> Minio:
        """The client; its first use makes the bucket, so a process may start without a server."""
        if not self._ensured:
            _ensure_bucket(self._connection, self._bucket)
            self._ensured = True
        return self._connection

    @classmethod
    def connect(cls, settings: StorageSettings) -> Self:
        """The store that the settings name; its bucket is made by the first use when missing."""
        pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S),
            retries=urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=RETRIED),
            maxsize=32,
        )
        client = Minio(
            settings.endpoint,
            access_key=settings.access_key.get_secret_value(),
            secret_key=settings.secret_key.get_secret_value(),
            secure=settings.secure,
            region=settings.region,
            http_client=pool,
        )
        return cls(client, bucket=settings.bucket)

    def writer(self, key: str) -> "MinioWriter":
        """A writer for a new object."""
        return MinioWriter(self._client, bucket=self._bucket, key=check_key(key))

    def put(
        self, key: str, chunks: Iterable[bytes], *, expect_sha256: str | None = None
    ) -> StoredObject:
        """Write a whole object."""
        with self.writer(key) as writer:
            for chunk in chunks:
                writer.write(chunk)
            return writer.commit(expect_sha256=expect_sha256)

    def put_file(self, key: str, path: Path) -> StoredObject:
        """Write a local file's bytes."""
        with path.open("rb") as source:
            return self.put(key, iter(lambda: source.read(CHUNK), b""))

    def open(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of a range in chunks."""
        if end is not None and end <= start:
            return iter(())
        try:
            with _speaking_errors(key):
                response = self._client.get_object(
                    self._bucket,
                    check_key(key),
                    offset=start,
                    length=0 if end is None else end - start,
                )
        except _RangeBehindEndError:
            return iter(())
        return _read(response, key=key, start=start, end=end)

    def get_file(self, key: str, path: Path) -> None:
        """Copy an object into a local file."""
        with path.open("wb") as target:
            for chunk in self.open(key):
                target.write(chunk)

    def local_path(self, key: str) -> Path | None:
        """A bucket is on no machine of ours."""
        check_key(key)
        return None

    def stat(self, key: str) -> StoredObject:
        """Size and time of an object."""
        with _speaking_errors(key):
            found = self._client.stat_object(self._bucket, check_key(key))
        return _describe(found)

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""
        try:
            self.stat(key)
        except ObjectMissingError:
            return False
        return True

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[StoredObject]:
        """Objects in the order of their keys' bytes."""
        with _speaking_errors(prefix):
            found = self._client.list_objects(
                self._bucket, prefix=prefix, recursive=True, start_after=start_after
            )
            for item in found:
                yield _describe(item)

    def copy(self, source: str, target: str) -> StoredObject:
        """Write `target` with the bytes of `source`, inside the server."""
        with _speaking_errors(source):
            self._client.copy_object(
                self._bucket, check_key(target), CopySource(self._bucket, check_key(source))
            )
        return self.stat(target)

    def delete(self, key: str) -> int:
        """Remove an object; the bytes that were freed."""
        try:
            size = self.stat(key).bytes
        except ObjectMissingError:
            return 0
        with _speaking_errors(key):
            self._client.remove_object(self._bucket, key)
        return size

    def discard_partials(self, *, older_than_s: float) -> int:
        """Unfinished multipart uploads are the server's to expire (a lifecycle rule)."""
        del older_than_s
        return 0

    def presign_get(self, key: str, *, expires_s: int) -> str:
        """A signed address of the server."""
        with _speaking_errors(key):
            return self._client.presigned_get_object(
                self._bucket, check_key(key), expires=timedelta(seconds=expires_s)
            )


class MinioWriter:
    """Feeds a multipart upload of unknown size from a bounded queue.

    The client library pulls its bytes from a stream; a thread lets it pull while our caller
    pushes. An upload that is not committed fails inside the library, which aborts it.
    """

    def __init__(self, client: Minio, *, bucket: str, key: str) -> None:
        self._client, self._bucket, self._key = client, bucket, key
        self._digest = hashlib.sha256()
        self._bytes = 0
        self._pipe = _Pipe()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._upload, name="upload", daemon=True)
        self._started = self._done = False

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self._digest.update(data)
        self._bytes += len(data)
        if not self._started:
            self._started = True
            self._thread.start()
        self._pipe.push(data)
        self._raise_failure()

    def commit(self, *, expect_sha256: str | None = None) -> StoredObject:
        """End the upload: the server makes the object visible as a whole."""
        digest = self._digest.hexdigest()
        if expect_sha256 is not None and expect_sha256 != digest:
            raise HashMismatchError(
                f"The bytes that came have SHA-256 {digest}, not {expect_sha256}. "
                "They were damaged on the way, or the hash is another file's; send them again.",
                sha256=digest,
            )
        if not self._started:
            self._thread.start()
        self._pipe.close()
        self._thread.join()
        self._raise_failure()
        self._done = True
        return StoredObject(
            key=self._key, bytes=self._bytes, sha256=digest, modified_at=datetime.now(UTC)
        )

    def _upload(self) -> None:
        try:
            with _speaking_errors(self._key):
                self._client.put_object(
                    self._bucket,
                    self._key,
                    cast("BinaryIO", self._pipe),  # the client only calls `read`
                    length=-1,
                    part_size=PART_SIZE,
                )
        except BaseException as error:  # noqa: BLE001 - handed to the thread that writes
            self._failure = error
            self._pipe.break_off()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Discard what was not committed."""
        if not self._done and self._started:
            self._pipe.abort()
            self._thread.join()


class _Pipe:
    """A readable stream between two threads that holds a few chunks at most."""

    def __init__(self) -> None:
        self._chunks: queue.Queue[bytes | None] = queue.Queue(maxsize=8)
        self._rest = b""
        self._ended = False
        self._aborted = threading.Event()
        self._broken = threading.Event()

    def push(self, data: bytes | None) -> None:
        """Add a chunk; waits while the reader is behind."""
        while not self._broken.is_set():
            with contextlib.suppress(queue.Full):
                self._chunks.put(data, timeout=0.5)
                return

    def close(self) -> None:
        """No more will come."""
        self.push(None)

    def abort(self) -> None:
        """Make the reader fail."""
        self._aborted.set()
        self.push(None)

    def break_off(self) -> None:
        """The reader has gone; pushing must not wait for it."""
        self._broken.set()

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; empty at the end.

        Raises:
            OSError: the writer gave up.
        """
        parts, have = [self._rest], len(self._rest)
        while not self._ended and (size < 0 or have < size):
            chunk = self._chunks.get()
            if self._aborted.is_set():
                raise OSError("the upload was given up")
            if chunk is None:
                self._ended = True
            else:
                parts.append(chunk)
                have += len(chunk)
        data = b"".join(parts)
        if size < 0:
            self._rest = b""
            return data
        self._rest = data[size:]
        return data[:size]


def _read(response: Any, *, key: str, start: int, end: int | None) -> Iterator[bytes]:
    # Some servers answer a range with the right bytes and 200, others with 200 and everything:
    # only a Content-Range, or 206, says that the body begins at `start`.
    ranged = response.status == 206 or "content-range" in response.headers
    skip = 0 if ranged else start
    left = None if end is None else end - start
    try:
        with _speaking_errors(key):
            for chunk in response.stream(CHUNK):
                piece = chunk[skip:]
                skip = max(skip - len(chunk), 0)
                if left is not None:
                    piece = piece[:left]
                    left -= len(piece)
                if piece:
                    yield piece
                if left == 0:
                    return
    finally:
        response.close()
        response.release_conn()


def _describe(found: Any) -> StoredObject:
    return StoredObject(
        key=found.object_name,
        bytes=found.size or 0,
        sha256="",
        modified_at=found.last_modified or datetime.now(UTC),
    )


class _RangeBehindEndError(Exception):
    """A range begins at or after the object's last byte."""


def _ensure_bucket(client: Minio, bucket: str) -> None:
    """Make the bucket unless it is there; of several processes that start at once one makes it.

    Raises:
        StoreUnavailableError: it is not there and cannot be made.
    """
    with _speaking_errors(""):
        if client.bucket_exists(bucket):
            return
        try:
            client.make_bucket(bucket)
        except MinioException:
            if not client.bucket_exists(bucket):
                raise


@contextlib.contextmanager
def _speaking_errors(key: str) -> Iterator[None]:
    try:
        yield
    except (MinioException, urllib3.exceptions.HTTPError) as error:
        code = _error_code(error)
        if code in ("NoSuchKey", "NoSuchObject", "ResourceNotFound"):
            raise ObjectMissingError(f"The object {key} is not in the store any more.") from error
        if code == "InvalidRange":
            raise _RangeBehindEndError from error
        if code in ("XMinioStorageFull", "QuotaExceeded", "InsufficientStorage"):
            raise NoSpaceError("The object store is full; free some space, then repeat.") from error
        if code in _REFUSALS:
            raise StoreUnavailableError(
                f"The object store refused ({code}). Check its address, bucket and keys in the "
                "settings."
            ) from error
        raise StoreUnavailableError(
            "The object store does not answer right now. Try again in a few seconds.",
            headers={"Retry-After": "5"},
        ) from error


_REFUSALS = frozenset(
    {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket"}
)


def _error_code(error: Exception) -> str:
    """S3's code of an error, "" for what is none.

    The client reads the code of answers in `application/xml` only; some servers say `text/xml`.
    """
    if isinstance(error, S3Error):
        return error.code or ""
    if isinstance(error, InvalidResponseError):
        found = re.search(r"<Code>(\w+)</Code>", str(error))
        return found[1] if found else ""
    return ""
