"""Public keys by key id, and whose they are."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shared_lib.contracts.services import ServiceName
from shared_lib.identity.keys import key_id, read_public_keys

LOOK_AGAIN_S = 2.0


@dataclass(frozen=True)
class PublicKey:
    """A public key and the member of the fleet that owns it."""

    issuer: ServiceName
    key: Ed25519PublicKey


class KeyRing(Protocol):
    """Where a verifier finds the key that a token names."""

    def find(self, kid: str) -> PublicKey | None:
        """The key with that id, None when nobody has it."""


class StaticKeyRing:
    """A fixed set of keys, for tests and for keys that come from settings."""

    def __init__(self, keys: Iterable[PublicKey]) -> None:
        self._keys = {key_id(each.key): each for each in keys}

    def find(self, kid: str) -> PublicKey | None:
        """The key with that id."""
        return self._keys.get(kid)


class FolderKeyRing:
    """The `*.pub` files of a folder, read when a key is asked for that is not known yet.

    An unknown key id makes it look again at most every two seconds, so that a key that was added
    (a new service, a rotation) is found without a restart and a forger cannot make it read all
    the time.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._keys: dict[str, PublicKey] = {}
        self._looked: float | None = None
        self._lock = threading.Lock()

    def find(self, kid: str) -> PublicKey | None:
        """The key with that id."""
        found = self._keys.get(kid)
        if found is not None:
            return found
        with self._lock:
            now = self._clock()
            if self._looked is None or now - self._looked >= LOOK_AGAIN_S:
                self._looked = now
                self._keys = {
                    each: PublicKey(issuer=issuer, key=key)
                    for each, (issuer, key) in read_public_keys(self._folder).items()
                }
        return self._keys.get(kid)


def open_keyring(folder: Path) -> FolderKeyRing:
    """The public keys of a secrets folder; the folder may be made later."""
    return FolderKeyRing(folder)
