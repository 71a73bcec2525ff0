"""Only a token that a member of the fleet signed for this very service is believed."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_lib.contracts.errors import UnauthenticatedError
from shared_lib.contracts.scopes import Scope
from shared_lib.contracts.services import ServiceName
from shared_lib.identity import PublicKey, TokenSigner, TokenVerifier
from shared_lib.identity.errors import (
    IdentityAlgorithmError,
    IdentityAudienceError,
    IdentityExpiredError,
    IdentityForgedError,
    IdentityIssuerError,
    IdentityKeyUnknownError,
    IdentityMalformedError,
    IdentityMissingError,
    IdentityNotYetValidError,
)
from shared_lib.identity.keyring import StaticKeyRing
from shared_lib.identity.keys import key_id

GATEWAY_KEY = Ed25519PrivateKey.generate()
INGEST_KEY = Ed25519PrivateKey.generate()
STRANGER_KEY = Ed25519PrivateKey.generate()
RING = StaticKeyRing(
    [
        PublicKey(issuer=ServiceName.GATEWAY, key=GATEWAY_KEY.public_key()),
        PublicKey(issuer=ServiceName.INGEST, key=INGEST_KEY.public_key()),
    ]
)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


def signer(**changes: Any) -> TokenSigner:
    return TokenSigner(ServiceName.GATEWAY, private_key=GATEWAY_KEY, **changes)


def verifier(**changes: Any) -> TokenVerifier:
    return TokenVerifier(ServiceName.INGEST, keyring=RING, **changes)


def good_token(**changes: Any) -> str:
    arguments: dict[str, Any] = {
        "audience": ServiceName.INGEST,
        "tenant": "tn_a",
        "scopes": frozenset({Scope.JOBS_READ}),
    }
    return signer().sign("key_1", **(arguments | changes))


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    base = {
        "iss": "gateway",
        "sub": "key_1",
        "aud": "svc-ingest",
        "tenant": "tn_a",
        "scopes": ["jobs:read"],
        "iat": now,
        "exp": now + 60,
        "jti": "1",
    }
    return {name: value for name, value in (base | changes).items() if value is not None}


def forge(
    key: Any = GATEWAY_KEY,
    *,
    algorithm: str = "EdDSA",
    kid: str | None = key_id(GATEWAY_KEY.public_key()),
    **changes: Any,
) -> str:
    headers = {"kid": kid} if kid else {}
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=headers)


def lasting(begin_s: int, end_s: int) -> dict[str, int]:
    """From and until when, in seconds from now."""
    now = int(time.time())
    return {"iat": now + begin_s, "exp": now + end_s}


def test_a_good_token_names_its_caller() -> None:
    caller = verifier().verify(good_token(flow_id="fl_1"))

    assert caller.issuer == "gateway"
    assert caller.subject == "key_1"
    assert caller.tenant == "tn_a"
    assert caller.scopes == {Scope.JOBS_READ}
    assert caller.flow_id == "fl_1"


def test_a_right_unknown_here_grants_nothing() -> None:
    caller = verifier().verify(forge(scopes=["jobs:read", "moon:write"]))

    assert caller.scopes == {Scope.JOBS_READ}


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: "", IdentityMissingError),
        (lambda: "x", IdentityMalformedError),
        (lambda: "a.b.c", IdentityMalformedError),
        (lambda: "\ud800", IdentityMalformedError),
        (lambda: "x" * 9000, IdentityMalformedError),
        (lambda: forge(STRANGER_KEY), IdentityForgedError),
        (
            lambda: forge(STRANGER_KEY, kid=key_id(STRANGER_KEY.public_key())),
            IdentityKeyUnknownError,
        ),
        (lambda: forge(kid=None), IdentityMalformedError),
        (
            lambda: forge(**lasting(-120, -60)),
            IdentityExpiredError,
        ),
        (
            lambda: forge(**lasting(60, 90)),
            IdentityNotYetValidError,
        ),
        (lambda: forge(nbf=int(time.time()) + 60), IdentityNotYetValidError),
        (lambda: forge(aud="svc-parquet"), IdentityAudienceError),
        (lambda: forge(aud=["svc-ingest", "svc-parquet"]), IdentityAudienceError),
        (lambda: forge(iss="svc-ingest"), IdentityIssuerError),
        (lambda: forge(INGEST_KEY, kid=key_id(INGEST_KEY.public_key())), IdentityIssuerError),
        (lambda: forge(exp=None), IdentityMalformedError),
        (lambda: forge(exp=int(time.time()) + 86_400), IdentityMalformedError),
        (lambda: forge(aud=None), IdentityMalformedError),
        (lambda: forge(iss=None), IdentityMalformedError),
        (lambda: forge(tenant=None), IdentityMalformedError),
        (lambda: forge(tenant=""), IdentityMalformedError),
        (lambda: forge(tenant=7), IdentityMalformedError),
        (lambda: forge(scopes="jobs:read"), IdentityMalformedError),
        (lambda: forge(None, algorithm="none"), IdentityAlgorithmError),
        (
            # The public key used as an HMAC secret (CVE-2015-9235).
            lambda: forge(
                GATEWAY_KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw),
                algorithm="HS256",
            ),
            IdentityAlgorithmError,
        ),
    ],
)
def test_any_other_token_is_refused(
    make: Callable[[], str], error: type[UnauthenticatedError]
) -> None:
    token = make()  # now: tokens are short-lived, and tests may wait for their turn
    with pytest.raises(error) as caught:
        verifier().verify(token)

    assert caught.value.status == 401


def test_a_good_signature_does_not_cover_other_claims() -> None:
    header, _, signature = good_token().split(".")
    payload = base64.urlsafe_b64encode(json.dumps(claims(tenant="tn_b")).encode()).rstrip(b"=")

    with pytest.raises(IdentityForgedError):
        verifier().verify(f"{header}.{payload.decode()}.{signature}")


@given(st.integers(min_value=1, max_value=200))
def test_a_truncated_token_is_refused(cut: int) -> None:
    with pytest.raises(UnauthenticatedError):
        verifier().verify(good_token()[:-cut])


@settings(max_examples=300)
@given(st.data())
def test_a_changed_byte_is_noticed(data: st.DataObject) -> None:
    token = good_token()
    place = data.draw(st.integers(min_value=0, max_value=len(token) - 1))
    letter = data.draw(st.sampled_from("ABCabc019-_.%"))
    changed = token[:place] + letter + token[place + 1 :]

    # The last letter of a base64 text carries bits that mean nothing; the rest must not change.
    if _bytes_of(changed) == _bytes_of(token):
        return
    with pytest.raises(UnauthenticatedError):
        verifier().verify(changed)


@given(st.text(max_size=300))
def test_no_text_is_more_than_refused(text: str) -> None:
    with pytest.raises(UnauthenticatedError):
        verifier().verify(text)


def test_a_signer_gives_a_token_again_for_half_its_life() -> None:
    clock = Clock()
    same = signer(clock=clock)

    def sign(**changes: Any) -> str:
        arguments: dict[str, Any] = {"audience": ServiceName.INGEST, "tenant": "tn_a"}
        return same.sign("key_1", **(arguments | changes))

    first = sign()
    clock.now += 29
    assert sign() == first
    clock.now += 2
    second = sign()

    assert second != first
    assert sign(tenant="tn_b") != second
    assert sign(audience=ServiceName.PARQUET) != second
    assert sign(scopes=frozenset({Scope.JOBS_READ})) != second
    assert sign(flow_id="fl_1") != second


def test_what_a_verifier_remembers_expires_with_the_token() -> None:
    clock = Clock()
    remembering = verifier(clock=clock)
    token = forge(iat=int(time.time()) - 58, exp=int(time.time()) + 2)
    assert remembering.verify(token).subject == "key_1"

    clock.now += 3600
    # The real clock still stands before the expiry, so the token is verified anew, not recalled.
    assert remembering.verify(token).subject == "key_1"
    assert verifier().verify(token).subject == "key_1"


def test_what_a_verifier_remembers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared_lib.identity.tokens.CACHED_TOKENS", 3)
    remembering = verifier()

    for number in range(10):
        remembering.verify(forge(sub=f"key_{number}"))
        assert len(remembering._cache) <= 3


def _bytes_of(token: str) -> list[bytes] | None:
    try:
        return [
            base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")
        ]
    except ValueError:
        return None
