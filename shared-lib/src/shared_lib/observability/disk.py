"""How full the disk is."""

import shutil
from pathlib import Path

from shared_lib.contracts.status import Disk


def disk_of(folder: Path) -> Disk:
    """The disk of a folder, or of the nearest one above it that is there."""
    known = folder.absolute()
    while not known.exists():
        known = known.parent
    usage = shutil.disk_usage(known)
    return Disk(free=usage.free, total=usage.total)
