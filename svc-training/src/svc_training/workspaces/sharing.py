"""What this machine has made and not shared yet: one mark a try, locked while the try lives.

Sending takes time even when there is nothing to send. A try in which no stage ran has nothing,
unless one before it died, or failed, with something still unsent: that one's mark is there, and
unlocked.
"""

import contextlib
import fcntl
import hashlib
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from svc_training.workspaces.dvc import Stored


class Unshared:
    """The mark of one try; there from before its first stage until all it made is shared.

    Args:
        stored: what is shared with whom; another remote has other marks.
        name: of the try.
    """

    def __init__(self, stored: Stored, *, name: str) -> None:
        remote = f"{stored.remote} {sorted(stored.remote_options.items())}"
        key = hashlib.sha256(remote.encode()).hexdigest()[:16]
        self._folder = stored.cache.parent / "unshared" / key
        self._mark = self._folder / name
        self._held = ExitStack()
        self._left: list[Path] = []
        self._is_first = False

    def __enter__(self) -> Self:
        """Make the mark."""
        self._is_first = not self._folder.exists()
        self._folder.mkdir(parents=True, exist_ok=True)
        fcntl.flock(self._open(self._mark), fcntl.LOCK_EX)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        """Let go; the mark stays when its try has not come to `all_shared`."""
        self._held.close()

    def something(self) -> bool:
        """Whether others have left anything, or nothing was ever sent from here to this remote."""
        for path in sorted(self._folder.iterdir()):
            if path == self._mark:
                continue
            with contextlib.suppress(BlockingIOError, FileNotFoundError):
                fcntl.flock(self._open(path), fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._left.append(path)
        return self._is_first or bool(self._left)

    def all_shared(self) -> None:
        """Nothing is left to be sent: neither of this try nor of those found before."""
        for path in (*self._left, self._mark):
            path.unlink(missing_ok=True)

    def _open(self, path: Path) -> IO[str]:
        mode = "w" if path == self._mark else "r"
        return self._held.enter_context(path.open(mode, encoding="utf-8"))
