"""Identity tokens: JWTs (RFC 7519) signed with EdDSA (RFC 8037), one minute long.

The algorithm is pinned, the key must belong to the issuer, and issuer, audience, expiry and key id
must be there (RFC 8725). Signing costs about 20 times a dictionary look-up and verifying about
100 times, so both sides keep what they have seen until it expires.
"""

import hashlib
import time
from collections import OrderedDict
from typing import Any
from uuid import uuid4

import jwt

from shared_lib.contracts.errors import UnauthenticatedError
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.identity.keys import KeyRing, SigningKey

ALGORITHM = "EdDSA"
LIFE_S = 60
LEEWAY_S = 5
CACHED = 4096


class IdentityTokenError(UnauthenticatedError):
    """The identity token is missing or not to be believed."""

    code = "identity_token_refused"
    title = "The identity token is refused"


class TokenSigner:
    """Signs in the name of one service.

    Args:
        issuer: the service.
        key: its private key.
    """

    def __init__(self, issuer: str, *, key: SigningKey) -> None:
        self.issuer = issuer
        self._key = key
        self._cache: OrderedDict[tuple[Any, ...], tuple[float, str]] = OrderedDict()

    def sign(
        self,
        *,
        audience: str,
        subject: str,
        tenant: str,
        scopes: frozenset[Scope] = frozenset(),
        flow_id: str | None = None,
    ) -> str:
        """A token for one audience; the same one again during half of its life."""
        cache_key = (audience, subject, tenant, scopes, flow_id)
        now = time.time()
        cached = self._cache.get(cache_key)
        if cached is not None and cached[0] > now:
            return cached[1]
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": audience,
            "sub": subject,
            "tenant": tenant,
            "scopes": sorted(scopes),
            "iat": int(now),
            "exp": int(now) + LIFE_S,
            "jti": uuid4().hex,
        }
        if flow_id is not None:
            claims["flow"] = flow_id
        token = jwt.encode(
            claims, self._key.private, algorithm=ALGORITHM, headers={"kid": self._key.key_id}
        )
        _remember(self._cache, cache_key, (now + LIFE_S / 2, token))
        return token


class TokenVerifier:
    """Believes tokens for one service.

    Args:
        audience: that service.
        keyring: public keys of those who may issue.
    """

    def __init__(self, audience: str, *, keyring: KeyRing) -> None:
        self._audience = audience
        self._keyring = keyring
        self._cache: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    def verify(self, token: str) -> Caller:
        """Who signed the token and for whom.

        Raises:
            IdentityTokenError: no token, or one that is forged, expired, or for somebody else.
        """
        if not token:
            raise IdentityTokenError("Call this service through the gateway, with a key.")
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        cached = self._cache.get(digest)
        if cached is not None and cached[0] > time.time():
            return cached[1]
        try:
            claims = self._decode(token)
            caller = Caller(
                issuer=claims["iss"],
                subject=claims["sub"],
                tenant=claims["tenant"],
                scopes=frozenset(Scope(scope) for scope in claims["scopes"]),
                flow_id=claims.get("flow"),
            )
        except (jwt.PyJWTError, ValueError, KeyError, TypeError) as error:
            raise IdentityTokenError(
                "The identity token is not valid: it is expired, for another service, or not "
                "signed by a member of this fleet. Call through the gateway."
            ) from error
        _remember(self._cache, digest, (float(claims["exp"]), caller))
        return caller

    def _decode(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        claimed = jwt.decode(token, options={"verify_signature": False})
        key = self._keyring.find(str(claimed.get("iss")), key_id=str(header.get("kid")))
        if key is None:
            raise jwt.InvalidKeyError("the key is not one of the issuer's")
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=self._audience,
            leeway=LEEWAY_S,
            options={"require": ["iss", "aud", "sub", "exp", "iat"]},
        )
        return claims


def _remember(cache: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    """Keep the newest; a flood of different tokens must not fill the memory."""
    cache[key] = value
    while len(cache) > CACHED:
        cache.popitem(last=False)
