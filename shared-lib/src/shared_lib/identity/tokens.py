"""Identity tokens: JWTs (RFC 7519) signed with EdDSA (RFC 8037), good for one minute.

Signing costs about 40 microseconds and verifying about 130, a request less than 100: so a signer
gives the same token again until half its life is over, and a verifier remembers the digests of
tokens that it has verified.
"""

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.contracts.services import ServiceName
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
from shared_lib.identity.keyring import KeyRing
from shared_lib.identity.keys import ensure_keys, key_id, load_private_key

ALGORITHM = "EdDSA"
LIFETIME_S = 60
LONGEST_LIFETIME_S = 300
LEEWAY_S = 5
CACHED_TOKENS = 10_000
MAX_TOKEN_LENGTH = 8192

_REQUIRED = ["iss", "sub", "aud", "tenant", "iat", "exp", "jti"]
_SCOPES = {scope.value: scope for scope in Scope}


class TokenSigner:
    """Signs in the name of one service.

    Args:
        issuer: the service whose key this is.
        clock: the present in seconds since the epoch.
    """

    def __init__(
        self,
        issuer: ServiceName,
        *,
        private_key: Ed25519PrivateKey,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.issuer = issuer
        self._private_key = private_key
        self._headers = {"kid": key_id(private_key.public_key())}
        self._clock = clock
        self._cache: dict[tuple[Any, ...], tuple[float, str]] = {}

    def sign(
        self,
        subject: str,
        *,
        audience: ServiceName,
        tenant: str,
        scopes: frozenset[Scope] = frozenset(),
        flow_id: str | None = None,
    ) -> str:
        """A token for `audience` with at least half of its minute left."""
        key = (subject, audience, tenant, scopes, flow_id)
        now = self._clock()
        cached = self._cache.get(key)
        if cached is not None and now < cached[0]:
            return cached[1]
        claims: dict[str, Any] = {
            "iss": self.issuer.value,
            "sub": subject,
            "aud": audience.value,
            "tenant": tenant,
            "scopes": sorted(scope.value for scope in scopes),
            "iat": int(now),
            "exp": int(now) + LIFETIME_S,
            "jti": os.urandom(9).hex(),
        }
        if flow_id is not None:
            claims["flow"] = flow_id
        token = jwt.encode(claims, self._private_key, algorithm=ALGORITHM, headers=self._headers)
        if len(self._cache) >= CACHED_TOKENS:
            # Entries are worth half a minute each; starting over is cheaper than keeping order.
            self._cache.clear()
        self._cache[key] = (now + LIFETIME_S / 2, token)
        return token


class TokenVerifier:
    """Tells who signed a token, for one audience.

    Args:
        audience: the service that is asked; tokens for another one are refused.
        keyring: everybody's public keys.
        clock: the present in seconds since the epoch, for what is remembered.
    """

    def __init__(
        self,
        audience: ServiceName,
        *,
        keyring: KeyRing,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._audience = audience
        self._keyring = keyring
        self._clock = clock
        self._cache: dict[bytes, tuple[float, Caller]] = {}

    def verify(self, token: str) -> Caller:
        """The caller that the token names.

        Raises:
            UnauthenticatedError: one of its subclasses in `shared_lib.identity.errors`.
        """
        if not token:
            raise IdentityMissingError(
                "No identity token came with this request. Call the service through the gateway."
            )
        if len(token) > MAX_TOKEN_LENGTH:
            raise IdentityMalformedError("The identity token is longer than any of ours.")
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        cached = self._cache.get(digest)
        if cached is not None:
            expires, caller = cached
            if self._clock() < expires + LEEWAY_S:
                return caller
            self._cache.pop(digest, None)
        caller, expires = self._verify(token)
        if len(self._cache) >= CACHED_TOKENS:
            self._cache.clear()
        self._cache[digest] = (expires, caller)
        return caller

    def _verify(self, token: str) -> tuple[Caller, float]:
        kid = _key_id_of(token)
        public_key = self._keyring.find(kid)
        if public_key is None:
            raise IdentityKeyUnknownError(
                "The identity token is signed with a key that this service does not know. "
                "Mount the issuer's public key in the secrets folder."
            )
        claims = _decode(
            token,
            key=public_key.key,
            audience=self._audience,
            issuer=public_key.issuer,
        )
        return _caller_of(claims), float(claims["exp"])


def open_signer(folder: Path, *, issuer: ServiceName, create: bool = False) -> TokenSigner:
    """The signer of a service whose key is in `folder`.

    Args:
        create: make the key when there is none, as the embedded fleet does at its first start.

    Raises:
        SigningKeyMissingError: there is no key and none is to be made.
    """
    load = ensure_keys if create else load_private_key
    return TokenSigner(issuer, private_key=load(folder, issuer=issuer))


def _key_id_of(token: str) -> str:
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, ValueError) as error:
        raise IdentityMalformedError("The identity token is not a JWT.") from error
    if header.get("alg") != ALGORITHM:
        raise IdentityAlgorithmError(f"Identity tokens are signed with {ALGORITHM} only.")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise IdentityMalformedError("The identity token does not name its key (`kid`).")
    return kid


def _decode(token: str, *, key: Any, audience: ServiceName, issuer: ServiceName) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=audience.value,
            issuer=issuer.value,
            leeway=LEEWAY_S,
            options={"require": _REQUIRED, "strict_aud": True},
        )
    except jwt.ExpiredSignatureError as error:
        raise IdentityExpiredError(
            "The identity token has expired. Send the request anew."
        ) from error
    except jwt.ImmatureSignatureError as error:
        raise IdentityNotYetValidError(
            "The identity token was issued in the future. Set the clocks of the machines."
        ) from error
    except jwt.InvalidAudienceError as error:
        raise IdentityAudienceError(f"The identity token is not for {audience.value}.") from error
    except jwt.InvalidIssuerError as error:
        raise IdentityIssuerError(
            "The identity token's issuer is not the owner of the key that signed it."
        ) from error
    except jwt.InvalidSignatureError as error:
        raise IdentityForgedError("The identity token's signature does not fit it.") from error
    except (jwt.InvalidTokenError, ValueError) as error:
        raise IdentityMalformedError(f"The identity token cannot be used: {error}.") from error
    if not 0 < int(claims["exp"]) - int(claims["iat"]) <= LONGEST_LIFETIME_S:
        raise IdentityMalformedError("The identity token claims to live longer than any of ours.")
    return claims


def _caller_of(claims: dict[str, Any]) -> Caller:
    scopes = claims.get("scopes", [])
    flow = claims.get("flow")
    texts = [claims["sub"], claims["tenant"], *([flow] if flow is not None else [])]
    if not isinstance(scopes, list) or not all(isinstance(text, str) and text for text in texts):
        raise IdentityMalformedError("A claim of the identity token has the wrong type.")
    return Caller(
        issuer=claims["iss"],
        subject=claims["sub"],
        tenant=claims["tenant"],
        # A right that only a newer gateway knows grants nothing here.
        scopes=frozenset(_SCOPES[name] for name in scopes if name in _SCOPES),
        flow_id=flow,
    )
