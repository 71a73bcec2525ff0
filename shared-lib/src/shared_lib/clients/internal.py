"""Calls behind the gateway."""

import contextlib
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from shared_lib.contracts.identity import IDENTITY_HEADER
from shared_lib.contracts.services import ServiceName
from shared_lib.identity import TokenSigner

TIMEOUT = httpx.Timeout(10.0, connect=3.0)


class InternalClient:
    """Calls other services in the name of one.

    Args:
        signer: signs with the calling service's key.
        addresses: base addresses of a service's replicas (fleet mode).
        socket: the Unix socket that all services share (embedded mode); the `Host` header says
            which of them is meant.
    """

    def __init__(
        self,
        signer: TokenSigner,
        *,
        addresses: Callable[[ServiceName], Sequence[str]] = lambda _: (),
        socket: Path | None = None,
    ) -> None:
        self._signer = signer
        self._addresses = addresses
        self._turn = itertools.count()
        transport = httpx.HTTPTransport(uds=str(socket)) if socket is not None else None
        self._http = httpx.Client(transport=transport, timeout=TIMEOUT)

    def post(
        self,
        target: ServiceName,
        path: str,
        tenant: str,
        flow_id: str | None,
        body: dict[str, Any],
    ) -> httpx.Response:
        """POST JSON to one of the target's replicas; to the next one where nobody listens.

        Raises:
            httpx.TransportError: nobody answers.
        """
        token = self._signer.sign(
            self._signer.issuer.value, audience=target, tenant=tenant, flow_id=flow_id
        )
        replicas = tuple(self._addresses(target)) or (f"http://{target.value}",)
        first = next(self._turn) % len(replicas)
        *others, last = replicas[first:] + replicas[:first]
        headers = {IDENTITY_HEADER: token}
        for base in others:
            # Where no connection can be made nothing was sent, so another one may be asked.
            with contextlib.suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return self._http.post(base + path, json=body, headers=headers)
        return self._http.post(last + path, json=body, headers=headers)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
