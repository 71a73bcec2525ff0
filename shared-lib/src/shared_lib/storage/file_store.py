"""Objects as files of one folder: fsync, then an atomic rename, then fsync of the folder."""

import contextlib
import errno
import hashlib
import hmac
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from shared_lib.contracts.errors import ForbiddenError, NoSpaceError
from shared_lib.faults import crash_point
from shared_lib.storage.contract import CHUNK, StoredObject
from shared_lib.storage.errors import HashMismatchError, ObjectMissingError
from shared_lib.storage.keys import PARTIAL_FOLDER, check_key

OBJECTS_PATH = "/v1/objects"


class PresignedAddressError(ForbiddenError):
    """The address has expired or was changed."""

    code = "presigned_address_invalid"
    title = "The address is not valid any more"


class FileStore:
    """An `ObjectStore` on a local folder.

    Args:
        root: the folder; made when it is missing.
        presign_secret: signs the addresses of `presign_get`.
    """

    def __init__(self, root: Path, *, presign_secret: bytes = b"") -> None:
        self._root = root.absolute()
        self._partial = self._root / PARTIAL_FOLDER
        self._partial.mkdir(parents=True, exist_ok=True)
        self._secret = presign_secret or os.urandom(32)

    def writer(self, key: str) -> "FileWriter":
        """A writer for a new object."""
        return FileWriter(self._path(key), key=key, partial=self._partial / uuid.uuid4().hex)

    def put(
        self, key: str, chunks: Iterable[bytes], *, expect_sha256: str | None = None
    ) -> StoredObject:
        """Write a whole object."""
        with self.writer(key) as writer:
            for chunk in chunks:
                writer.write(chunk)
            return writer.commit(expect_sha256=expect_sha256)

    def put_file(self, key: str, path: Path) -> StoredObject:
        """Link a local file into the store when it is on the same disk, else copy it."""
        target, partial = self._path(key), self._partial / uuid.uuid4().hex
        try:
            os.link(path, partial)
        except OSError:
            with path.open("rb") as source:
                return self.put(key, iter(lambda: source.read(CHUNK), b""))
        with partial.open("rb") as linked:
            digest = hashlib.file_digest(linked, "sha256").hexdigest()
            os.fsync(linked.fileno())
        return _publish(partial, target, key=key, sha256=digest)

    def open(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of a range in chunks; the file is opened at once, so errors come early."""
        try:
            # Opened here and closed by the generator, which outlives this call.
            source = self._path(key).open("rb")
        except FileNotFoundError as error:
            raise _missing(key) from error
        return _read(source, start=start, end=end)

    def get_file(self, key: str, path: Path) -> None:
        """Copy an object into a local file."""
        try:
            with _speaking_errors():
                shutil.copyfile(self._path(key), path)
        except FileNotFoundError as error:
            raise _missing(key) from error

    def local_path(self, key: str) -> Path | None:
        """The object's own file."""
        path = self._path(key)
        if not path.is_file():
            raise _missing(key)
        return path

    def stat(self, key: str) -> StoredObject:
        """Size and time of an object."""
        try:
            return _describe(self._path(key), key=key)
        except FileNotFoundError as error:
            raise _missing(key) from error

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""
        return self._path(key).is_file()

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[StoredObject]:
        """Objects in the order of their keys' bytes."""
        folder = self._root / prefix.rpartition("/")[0]
        keys = []
        for parent, folders, names in os.walk(folder):
            if Path(parent) == self._root:
                folders[:] = [name for name in folders if name != PARTIAL_FOLDER]
            keys += [str(Path(parent, name).relative_to(self._root)) for name in names]
        for key in sorted(keys, key=os.fsencode):
            if key.startswith(prefix) and (start_after is None or key > start_after):
                # An object may be deleted while its neighbours are listed.
                with contextlib.suppress(FileNotFoundError):
                    yield _describe(self._root / key, key=key)

    def copy(self, source: str, target: str) -> StoredObject:
        """Link the same bytes under another key: objects never change."""
        path = self.local_path(source)
        if path is None:
            raise _missing(source)
        return self.put_file(target, path)

    def delete(self, key: str) -> int:
        """Remove an object; the bytes that were freed."""
        path = self._path(key)
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            return 0
        with contextlib.suppress(OSError):
            path.parent.rmdir()
        return size

    def discard_partials(self, *, older_than_s: float) -> int:
        """Remove what interrupted writers left."""
        freed = 0
        for path in self._partial.iterdir():
            with contextlib.suppress(FileNotFoundError):
                found = path.stat()
                if time.time() - found.st_mtime > older_than_s:
                    path.unlink()
                    freed += found.st_size if found.st_nlink == 1 else 0
        return freed

    def presign_get(self, key: str, *, expires_s: int) -> str:
        """A signed path below the gateway."""
        expires = int(time.time()) + expires_s
        return f"{OBJECTS_PATH}/{quote(check_key(key))}?expires={expires}&signature=" + self._sign(
            key, expires
        )

    def verify_presigned(self, key: str, *, expires: int, signature: str) -> None:
        """Accept an address of `presign_get`.

        Raises:
            PresignedAddressError: it has expired or was changed.
        """
        expected = self._sign(check_key(key), expires)
        if not hmac.compare_digest(expected, signature) or expires < time.time():
            raise PresignedAddressError(
                "The address has expired or was changed; ask for a new one."
            )

    def _sign(self, key: str, expires: int) -> str:
        message = f"GET\n{key}\n{expires}".encode()
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)


class FileWriter:
    """Writes one object beside the others and renames it into its place."""

    def __init__(self, target: Path, *, key: str, partial: Path) -> None:
        self._target, self._key, self._partial = target, key, partial
        with _speaking_errors():
            self._file = partial.open("wb", buffering=0)
        self._digest = hashlib.sha256()
        self._done = False

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self._digest.update(data)
        rest = memoryview(data)
        with _speaking_errors():
            while rest:
                rest = rest[self._file.write(rest) :]

    def commit(self, *, expect_sha256: str | None = None) -> StoredObject:
        """Make the object durable and visible."""
        digest = self._digest.hexdigest()
        if expect_sha256 is not None and expect_sha256 != digest:
            raise HashMismatchError(
                f"The bytes that came have SHA-256 {digest}, not {expect_sha256}. "
                "They were damaged on the way, or the hash is another file's; send them again.",
                sha256=digest,
            )
        with _speaking_errors():
            os.fsync(self._file.fileno())
        self._file.close()
        crash_point("storage.file.synced")
        stored = _publish(self._partial, self._target, key=self._key, sha256=digest)
        self._done = True
        return stored

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
        if not self._done:
            self._file.close()
            self._partial.unlink(missing_ok=True)


def _publish(partial: Path, target: Path, *, key: str, sha256: str) -> StoredObject:
    with _speaking_errors():
        # Before it is visible: from then on somebody may delete it.
        found = partial.stat()
        while True:
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                # `rename` does nothing, and says so to nobody, for two names of the same file.
                partial.replace(target)
                break
            except FileNotFoundError:
                # The folder was empty a moment ago and a delete has just removed it.
                if not partial.exists():
                    raise
        partial.unlink(missing_ok=True)
        crash_point("storage.file.visible")
        for folder in (target.parent, target.parent.parent):
            with contextlib.suppress(FileNotFoundError):  # deleted with what was in it
                _sync_folder(folder)
    return StoredObject(
        key=key,
        bytes=found.st_size,
        sha256=sha256,
        modified_at=datetime.fromtimestamp(found.st_mtime, UTC),
    )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _describe(path: Path, *, key: str) -> StoredObject:
    found = path.stat()
    modified = datetime.fromtimestamp(found.st_mtime, UTC)
    return StoredObject(key=key, bytes=found.st_size, sha256="", modified_at=modified)


def _read(source: BufferedReader, *, start: int, end: int | None) -> Iterator[bytes]:
    with source:
        descriptor, position = source.fileno(), start
        while end is None or position < end:
            wanted = CHUNK if end is None else min(CHUNK, end - position)
            chunk = os.pread(descriptor, wanted, position)
            if not chunk:
                return
            position += len(chunk)
            yield chunk


@contextlib.contextmanager
def _speaking_errors() -> Iterator[None]:
    """A full disk, or a full quota, is an error that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise NoSpaceError(
                "The disk of the object store is full and nothing of this object was kept. "
                "Free some space and send it again."
            ) from error
        raise


def _missing(key: str) -> ObjectMissingError:
    return ObjectMissingError(f"The object {key} is not in the store any more.")
