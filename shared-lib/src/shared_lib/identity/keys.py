"""Ed25519 keys (RFC 8032): each service has one of its own, everybody has everybody's public half.

A folder holds `<service>.key` (private, PEM, mode 0600) and `public/<service>.pem`. In a fleet a
container is given its own private key and the public folder, nothing else.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

PUBLIC_FOLDER = "public"


@dataclass(frozen=True)
class SigningKey:
    """A private key and the id under which others know its public half."""

    private: Ed25519PrivateKey
    key_id: str


@dataclass(frozen=True)
class KeyRing:
    """Public keys by issuer and key id."""

    keys: Mapping[tuple[str, str], Ed25519PublicKey]

    def find(self, issuer: str, *, key_id: str) -> Ed25519PublicKey | None:
        """The key, only if it belongs to that issuer."""
        return self.keys.get((issuer, key_id))


def key_id_of(key: Ed25519PublicKey) -> str:
    """The first 16 hex digits of the SHA-256 of the raw public key."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def make_keys(folder: Path, *, services: Iterable[str]) -> None:
    """Make the keys that are missing; keys that exist are kept."""
    public_folder = folder / PUBLIC_FOLDER
    public_folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for service in services:
        private_path = folder / f"{service}.key"
        if not private_path.exists():
            private = Ed25519PrivateKey.generate()
            pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            _write_once(private_path, pem)
        public = load_signing_key(folder, service=service).private.public_key()
        public_pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (public_folder / f"{service}.pem").write_bytes(public_pem)


def _write_once(path: Path, content: bytes) -> None:
    """Write a secret file that is complete as soon as it has its name."""
    partial = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def load_signing_key(folder: Path, *, service: str) -> SigningKey:
    """The private key of a service.

    Raises:
        ValueError: the file holds another kind of key.
    """
    key = load_pem_private_key((folder / f"{service}.key").read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{folder / service}.key is not an Ed25519 key")
    return SigningKey(private=key, key_id=key_id_of(key.public_key()))


def open_keyring(folder: Path) -> KeyRing:
    """Everybody's public keys.

    Raises:
        ValueError: a file holds another kind of key.
    """
    keys: dict[tuple[str, str], Ed25519PublicKey] = {}
    for path in sorted((folder / PUBLIC_FOLDER).glob("*.pem")):
        key = load_pem_public_key(path.read_bytes())
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError(f"{path} is not an Ed25519 key")
        keys[(path.stem, key_id_of(key))] = key
    return KeyRing(keys=keys)
