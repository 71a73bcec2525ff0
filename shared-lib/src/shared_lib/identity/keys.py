"""Ed25519 keys in a folder: `<service>.key` (private, mode 0600) and `<service>.pub`.

A deployment mounts a service's own private key and everybody's public keys; the embedded fleet
makes all of them at its first start. While a key is being replaced, the old public key stays as
`<service>.<anything>.pub`.
"""

import base64
import hashlib
import json
import os
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

from shared_lib.contracts.services import ServiceName
from shared_lib.identity.errors import SigningKeyMissingError, SigningKeyUnusableError


def key_id(public_key: Ed25519PublicKey) -> str:
    """The JWK thumbprint of the key (RFC 7638 with RFC 8037, section 2)."""
    raw = public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    members = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": x}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).rstrip(b"=").decode()


def ensure_keys(folder: Path, *, issuer: ServiceName) -> Ed25519PrivateKey:
    """The private key of `issuer`; made, with its public key, when there is none.

    Several processes may call this at once: the one that creates the file wins.
    """
    path = _private_path(folder, issuer)
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        pem = Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        _create_whole(path, content=pem, mode=0o600)
    private_key = load_private_key(folder, issuer=issuer)
    public_path = folder / f"{issuer.value}.pub"
    public_pem = private_key.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    if not public_path.exists():
        _create_whole(public_path, content=public_pem, mode=0o644)
    return private_key


def load_private_key(folder: Path, *, issuer: ServiceName) -> Ed25519PrivateKey:
    """The private key of `issuer`.

    Raises:
        SigningKeyMissingError: there is no such file.
        SigningKeyUnusableError: the file holds something else.
    """
    path = _private_path(folder, issuer)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError as error:
        raise SigningKeyMissingError(
            f"{path.name} is not in the secrets folder. Mount the private key of {issuer.value} "
            "there, or set FLEET_SECRETS to the folder that has it."
        ) from error
    except (ValueError, TypeError) as error:
        raise SigningKeyUnusableError(
            f"{path.name} is no PEM private key without a password. Put an Ed25519 key there."
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyUnusableError(f"{path.name} is not an Ed25519 key. Put one there.")
    return key


def read_public_keys(folder: Path) -> dict[str, tuple[ServiceName, Ed25519PublicKey]]:
    """Every public key of the folder by key id; files that belong to no service are left out."""
    found: dict[str, tuple[ServiceName, Ed25519PublicKey]] = {}
    for path in sorted(folder.glob("*.pub")):
        try:
            issuer = ServiceName(path.name.partition(".")[0])
            key = load_pem_public_key(path.read_bytes())
        except (ValueError, OSError):
            continue
        if isinstance(key, Ed25519PublicKey):
            found[key_id(key)] = (issuer, key)
    return found


def _private_path(folder: Path, issuer: ServiceName) -> Path:
    return folder / f"{issuer.value}.key"


def _create_whole(path: Path, *, content: bytes, mode: int) -> None:
    """Make the file appear complete or not at all; a file that is there already stays."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
