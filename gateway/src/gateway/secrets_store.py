"""Secrets of the gateway: HMACs under a pepper, so that a stolen database holds no usable key."""

import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

from gateway.settings import GatewaySettings

_PEPPER_FILE = "gateway.pepper"


class Pepper:
    """Makes the digests under which keys and sessions are stored and looked up."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def digest(self, text: bytes) -> bytes:
        """HMAC-SHA256 of a secret, 32 bytes."""
        return hmac.digest(self._secret, text, hashlib.sha256)


def open_pepper(settings: GatewaySettings) -> Pepper:
    """The pepper of the settings, or the embedded fleet's own, made at the first start."""
    if settings.key_pepper is not None:
        return Pepper(settings.key_pepper.get_secret_value().encode())
    path = settings.secrets_folder / _PEPPER_FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Readable by its owner alone, under a name that no other first start uses.
        descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_hex(32).encode())
            file.flush()
            os.fsync(file.fileno())
        try:
            # A link never replaces: of two first starts at once, both use the winner's.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            Path(draft).unlink()
    return Pepper(path.read_bytes())
