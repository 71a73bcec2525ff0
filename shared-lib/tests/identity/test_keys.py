"""Keys are made once, kept private, and found under the name of their owner."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from shared_lib.contracts.services import ServiceName
from shared_lib.identity import TokenVerifier, ensure_keys, open_keyring, open_signer
from shared_lib.identity.errors import (
    IdentityKeyUnknownError,
    SigningKeyMissingError,
    SigningKeyUnusableError,
)
from shared_lib.identity.keys import key_id


def test_keys_are_made_once_and_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"

    first = ensure_keys(folder, issuer=ServiceName.INGEST)
    again = ensure_keys(folder, issuer=ServiceName.INGEST)

    assert key_id(first.public_key()) == key_id(again.public_key())
    assert stat.S_IMODE((folder / "svc-ingest.key").stat().st_mode) == 0o600
    assert sorted(path.name for path in folder.iterdir()) == ["svc-ingest.key", "svc-ingest.pub"]


def test_several_starters_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = pool.map(lambda _: ensure_keys(tmp_path, issuer=ServiceName.INGEST), range(16))

    assert len({key_id(key.public_key()) for key in made}) == 1
    assert len(list(tmp_path.iterdir())) == 2


def test_a_service_without_its_key_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SigningKeyMissingError, match=r"svc-ingest\.key"):
        open_signer(tmp_path, issuer=ServiceName.INGEST)

    (tmp_path / "svc-ingest.key").write_text("no key")
    with pytest.raises(SigningKeyUnusableError):
        open_signer(tmp_path, issuer=ServiceName.INGEST)


def test_a_key_made_later_is_found_without_a_restart(tmp_path: Path) -> None:
    now = [0.0]
    ring = open_keyring(tmp_path / "secrets")
    ring._clock = lambda: now[0]
    verifier = TokenVerifier(ServiceName.PARQUET, keyring=ring)
    other = Ed25519PrivateKey.generate()
    assert ring.find(key_id(other.public_key())) is None

    signer = open_signer(tmp_path / "secrets", issuer=ServiceName.INGEST, create=True)
    token = signer.sign("svc-ingest", audience=ServiceName.PARQUET, tenant="tn_a")
    with pytest.raises(IdentityKeyUnknownError):
        verifier.verify(token)
    now[0] += 10

    assert verifier.verify(token).issuer == "svc-ingest"


def test_a_replaced_key_stays_good_under_a_second_name(tmp_path: Path) -> None:
    old = open_signer(tmp_path, issuer=ServiceName.INGEST, create=True)
    token = old.sign("svc-ingest", audience=ServiceName.PARQUET, tenant="tn_a")
    (tmp_path / "svc-ingest.pub").rename(tmp_path / "svc-ingest.2025.pub")
    (tmp_path / "svc-ingest.key").unlink()
    new = open_signer(tmp_path, issuer=ServiceName.INGEST, create=True)
    verifier = TokenVerifier(ServiceName.PARQUET, keyring=open_keyring(tmp_path))

    assert verifier.verify(token).issuer == "svc-ingest"
    fresh = new.sign("svc-ingest", audience=ServiceName.PARQUET, tenant="tn_a")
    assert verifier.verify(fresh).issuer == "svc-ingest"


def test_files_that_belong_to_nobody_are_left_out(tmp_path: Path) -> None:
    stranger = Ed25519PrivateKey.generate().public_key()
    pem = stranger.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "moon.pub").write_bytes(pem)
    (tmp_path / "svc-parquet.pub").write_text("nothing")

    assert open_keyring(tmp_path).find(key_id(stranger)) is None


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    pem = X25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (tmp_path / "svc-ingest.key").write_bytes(pem)

    with pytest.raises(SigningKeyUnusableError, match="Ed25519"):
        open_signer(tmp_path, issuer=ServiceName.INGEST)
