"""Parquet parts as files that a query process can open."""

import contextlib
import hashlib
import os
import threading
import time
from pathlib import Path

from shared_lib.storage import ObjectStore

YOUNGEST_REMOVED_S = 600.0
"""A file that was asked for in the last ten minutes may still have to be opened."""


class PartFiles:
    """Files of parts: where the store is a folder its own, else copies that are kept a while.

    Args:
        folder: for copies.
        most_bytes: kept in it; the ones longest not asked for go first.
    """

    def __init__(self, store: ObjectStore, *, folder: Path, most_bytes: int) -> None:
        self._store = store
        self._folder = folder
        self._most_bytes = most_bytes
        self._lock = threading.Lock()

    def path_of(self, key: str) -> Path:
        """The file of one part."""
        lies_at = self._store.local_path(key)
        if lies_at is not None:
            return lies_at.absolute()
        path = self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}.parquet"
        # One at a time: two queries on one table fetch it once.
        with self._lock:
            if not path.exists():
                self._folder.mkdir(parents=True, exist_ok=True)
                partial = path.with_suffix(f".{os.getpid()}.partial")
                try:
                    self._store.get_file(key, partial)
                    partial.replace(path)
                finally:
                    partial.unlink(missing_ok=True)
                self._make_room()
            os.utime(path)
        return path

    def _make_room(self) -> None:
        found = []
        for path in self._folder.glob("*.parquet"):
            with contextlib.suppress(FileNotFoundError):  # another replica shares the folder
                found.append((path.stat(), path))
        total = sum(stat.st_size for stat, _ in found)
        youngest = time.time() - YOUNGEST_REMOVED_S
        for stat, path in sorted(found, key=lambda each: each[0].st_mtime):
            if total <= self._most_bytes or stat.st_mtime > youngest:
                return
            path.unlink(missing_ok=True)
            total -= stat.st_size
