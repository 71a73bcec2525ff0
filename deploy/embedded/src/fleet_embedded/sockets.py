"""Where the embedded processes meet."""

import hashlib
import os
import socket
import tempfile
import time
from pathlib import Path

MAX_SOCKET_PATH = 100
"""A Unix socket's path has at most 107 bytes on Linux and 103 on macOS."""


def socket_path(data: Path) -> Path:
    """The socket of the services; in the temporary folder when the data folder's path is long."""
    path = data.absolute() / "run" / "services.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"fleet-{os.getuid()}-{digest}.sock"


def await_listener(path: Path) -> None:
    """Return when somebody listens on the socket: databases are migrated and services answer."""
    while True:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(path)) == 0:
                return
        time.sleep(0.02)
