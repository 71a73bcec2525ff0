"""Identity keys for a fleet whose members run apart: each gets its own key and everybody's public.

`FOLDER/<service>/<service>.key` and `FOLDER/<service>/*.pub`: mount `FOLDER/<service>` into the
service's containers and nothing else, and no member can sign as another one.
"""

import shutil
from pathlib import Path

from shared_lib.contracts.services import ServiceName
from shared_lib.identity.keys import ensure_keys


def lay_out_keys(folder: Path) -> None:
    """Make what is missing; keys that are there stay."""
    for issuer in ServiceName:
        ensure_keys(folder / issuer.value, issuer=issuer)
    for issuer in ServiceName:
        public = folder / issuer.value / f"{issuer.value}.pub"
        for other in ServiceName:
            copy = folder / other.value / public.name
            if not copy.exists():
                shutil.copyfile(public, copy)
