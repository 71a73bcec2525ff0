"""Make what a fleet needs to be secret: `.env` and `secrets/`, once; what is there stays.

Usage: python scripts/make_secrets.py [FOLDER]    (the repository by default; `make secrets`)

`.env` has the passwords that docker-compose.yml refers to, `secrets/<member>/` the identity keys
that are mounted into that member's containers. Neither is ever committed.
"""

import os
import secrets
import sys
from pathlib import Path

from house import ROOT

from shared_lib.contracts.services import SERVICES
from shared_lib.identity.layout import lay_out_keys

CONTAINER_USER = 10001
PASSWORDS = (
    "POSTGRES_PASSWORD",
    "GATEWAY_DB_PASSWORD",
    *(f"{spec.package.upper()}_DB_PASSWORD" for spec in SERVICES.values()),
    "REDIS_PASSWORD",
    "S3_SECRET_KEY",
    "FLEET_KEY_PEPPER",
)


def make_env(path: Path, *, user: int, group: int) -> list[str]:
    """Add what is missing to the file; the names that were added."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    known = {line.partition("=")[0] for line in text.splitlines()}
    wanted = {
        "COMPOSE_PROFILES": "core",
        "FLEET_USER": f"{user}:{group}",
        "S3_ACCESS_KEY": "fleet-" + secrets.token_hex(4),
        **{name: secrets.token_hex(24) for name in PASSWORDS},
    }
    missing = {name: value for name, value in wanted.items() if name not in known}
    if missing:
        lines = "".join(f"{name}={value}\n" for name, value in missing.items())
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            file.write(lines)
    return list(missing)


def main() -> None:
    """Make both, and say what was made."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    # Containers run as whoever may read the keys, and never as root.
    user, group = (os.getuid(), os.getgid()) if os.getuid() else (CONTAINER_USER, CONTAINER_USER)
    added = make_env(folder / ".env", user=user, group=group)
    lay_out_keys(folder / "secrets")
    if os.getuid() == 0:
        for path in [folder / "secrets", *(folder / "secrets").rglob("*")]:
            os.chown(path, user, group)
    print(f".env: {len(added)} values added" if added else ".env: nothing was missing")
    print("secrets/: a folder of identity keys for each member")


if __name__ == "__main__":
    main()
