"""Where the embedded processes meet."""

import hashlib
import os
import tempfile
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
