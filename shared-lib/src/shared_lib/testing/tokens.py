"""Identity tokens that no service may believe, and a walk over all routes of an app with them."""

import asyncio
import base64
import json
import time
from pathlib import Path
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from shared_lib.contracts.identity import IDENTITY_HEADER
from shared_lib.contracts.scopes import ROLE_SCOPES, Role
from shared_lib.contracts.services import ServiceName
from shared_lib.identity import TokenSigner, open_signer
from shared_lib.web.inventory import routes_of

DAY_S = 24 * 3600
_NO_ALGORITHM = b'{"alg":"none","typ":"JWT"}'


def tokens_to_refuse(secrets: Path, *, audience: ServiceName) -> dict[str, str]:
    """A good token of the gateway, made wrong in one way each.

    Args:
        secrets: the folder of the service's keys; the gateway's key is made when it is missing.
        audience: the service that is asked.
    """
    gateway = open_signer(secrets, issuer=ServiceName.GATEWAY, create=True)
    stranger = TokenSigner(ServiceName.GATEWAY, private_key=Ed25519PrivateKey.generate())
    owner = ROLE_SCOPES[Role.OWNER]

    def sign(signer: TokenSigner, **changes: Any) -> str:
        values: dict[str, Any] = {"audience": audience, "tenant": "tn_a", "scopes": owner}
        return signer.sign("key_1", **(values | changes))

    def at(moment: float) -> TokenSigner:
        key = gateway._private_key  # noqa: SLF001 - only the owner of a key can age its tokens
        return TokenSigner(ServiceName.GATEWAY, private_key=key, clock=lambda: moment)

    good = sign(gateway)
    header, claims, signature = good.split(".")
    other = next(name for name in ServiceName if name not in (audience, ServiceName.GATEWAY))
    more = json.loads(_decode(claims)) | {"tenant": "tn_b"}
    hmac = jwt.encode(
        more, "x" * 32, algorithm="HS256", headers={"kid": jwt.get_unverified_header(good)["kid"]}
    )
    return {
        "none at all": "",
        "not a token": "abc",
        "expired": sign(at(time.time() - DAY_S)),
        "of the future": sign(at(time.time() + DAY_S)),
        "for another service": sign(gateway, audience=other),
        "signed by a stranger": sign(stranger),
        "with changed claims": f"{header}.{_encode(json.dumps(more).encode())}.{signature}",
        "without its signature": f"{header}.{claims}.",
        "alg none": f"{_encode(_NO_ALGORITHM)}.{claims}.",
        "alg HS256": hmac,
    }


def believed(app: FastAPI, *, secrets: Path, audience: ServiceName) -> list[str]:
    """What is wrong with an app's authorisation; a service's test asserts that it is nothing.

    Every route that is not open to all must answer 401 to each token of `tokens_to_refuse`, and
    403 to a good one of the gateway that carries no scope.
    """
    gateway = open_signer(secrets, issuer=ServiceName.GATEWAY, create=True)
    bare = gateway.sign("key_1", audience=audience, tenant="tn_a")
    probes = [(n, t, 401) for n, t in tokens_to_refuse(secrets, audience=audience).items()]
    probes.append(("without a scope", bare, 403))
    return asyncio.run(_ask_all(app, probes=probes))


async def _ask_all(app: FastAPI, *, probes: list[tuple[str, str, int]]) -> list[str]:
    wrong = []
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        for route in routes_of(app):
            for name, token, expected in () if route.is_open else probes:
                answer = await client.request(
                    route.method, route.example_path(), headers={IDENTITY_HEADER: token}
                )
                if answer.status_code != expected:
                    wrong.append(f"{route.method} {route.path}: {answer.status_code}, {name}")
    return wrong


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encode(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
