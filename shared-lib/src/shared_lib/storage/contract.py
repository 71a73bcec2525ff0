"""The contract of every object store. `tests/storage` runs one suite over all of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

CHUNK = 1024 * 1024


@dataclass(frozen=True)
class StoredObject:
    """An object. `sha256` (hex) is known when it was just written, and empty in a listing."""

    key: str
    bytes: int
    sha256: str
    modified_at: datetime


class ObjectWriter(Protocol):
    """Writes one object; nobody sees it before `commit`. Leaving without it discards everything.

    Not shared between threads; its calls block.
    """

    def write(self, data: bytes) -> None:
        """Add bytes.

        Raises:
            NoSpaceError: the disk is full; nothing is kept.
        """

    def commit(self, *, expect_sha256: str | None = None) -> StoredObject:
        """Make the object durable and visible.

        Raises:
            HashMismatchError: the bytes are not those expected; nothing is kept.
        """

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Discard what was not committed."""


class ObjectStore(Protocol):
    """Objects by key. Calls block; threads may share a store.

    Raises:
        StoreUnavailableError: from every call, when the store does not answer.
        InvalidObjectKeyError: from every call, for a key that is not usable.
    """

    def writer(self, key: str) -> ObjectWriter:
        """A writer for a new object."""

    def put(
        self, key: str, chunks: Iterable[bytes], *, expect_sha256: str | None = None
    ) -> StoredObject:
        """Write a whole object."""

    def put_file(self, key: str, path: Path) -> StoredObject:
        """Write a local file's bytes. The file may be linked: it must not change any more."""

    def open(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to `end` (exclusive) in chunks.

        Raises:
            ObjectMissingError: there is no such object.
        """

    def get_file(self, key: str, path: Path) -> None:
        """Copy an object into a local file."""

    def local_path(self, key: str) -> Path | None:
        """Where the object lies on this machine, None when it does not; read only."""

    def stat(self, key: str) -> StoredObject:
        """Size and time of an object.

        Raises:
            ObjectMissingError: there is no such object.
        """

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[StoredObject]:
        """Objects whose key begins with `prefix`, in the order of their keys' bytes."""

    def copy(self, source: str, target: str) -> StoredObject:
        """Write `target` with the bytes of `source`."""

    def delete(self, key: str) -> int:
        """Remove an object; the bytes that were freed, 0 when there was none."""

    def discard_partials(self, *, older_than_s: float) -> int:
        """Remove what interrupted writers left; the bytes that were freed."""

    def presign_get(self, key: str, *, expires_s: int) -> str:
        """An address that reads the object without further rights for a while."""
