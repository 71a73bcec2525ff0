"""The text of a key: `fleet_<env>_<id>_<secret>_<crc>`.

The fixed start lets secret scanners find a leaked key; the check sum tells a typing error from an
unknown key without asking the database. `id` is the key's id without its prefix.
"""

import re
import secrets
import zlib
from dataclasses import dataclass

from gateway.keys.errors import KeyMalformedError
from shared_lib.contracts.ids import IdKind, new_id

SECRET_LENGTH = 43
"""Base62 letters; together more than 256 bits."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_KEY = re.compile(r"fleet_([a-z0-9]{2,12})_([0-9a-f]{32})_([0-9A-Za-z]{43})_([0-9a-f]{8})")


@dataclass(frozen=True)
class KeyText:
    """A key's parts. `text` is the secret as its holder has it."""

    id: str
    environment: str
    text: str


def make_key(environment: str) -> KeyText:
    """A fresh key."""
    key_id = new_id(IdKind.KEY)
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(SECRET_LENGTH))
    body = f"fleet_{environment}_{key_id.removeprefix('key_')}_{secret}"
    return KeyText(id=key_id, environment=environment, text=f"{body}_{_checksum(body)}")


def parse_key(text: str) -> KeyText:
    """The parts of a key.

    Raises:
        KeyMalformedError: it has another shape, or its check sum does not fit.
    """
    found = _KEY.fullmatch(text)
    if found is None or _checksum(text[:-9]) != found[4]:
        raise KeyMalformedError(
            "This is not a whole key: keys look like fleet_live_… and end with a check sum. "
            "Copy it again."
        )
    return KeyText(id=f"key_{found[2]}", environment=found[1], text=text)


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
