"""Calls behind the gateway."""

from collections.abc import Mapping
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
        urls: base address of each service (fleet mode).
        socket: the Unix socket that all services share (embedded mode); the `Host` header says
            which of them is meant.
    """

    def __init__(
        self,
        signer: TokenSigner,
        *,
        urls: Mapping[ServiceName, str] | None = None,
        socket: Path | None = None,
    ) -> None:
        self._signer = signer
        self._urls = urls or {}
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
        """POST JSON.

        Raises:
            httpx.TransportError: nobody answers.
        """
        token = self._signer.sign(
            self._signer.issuer.value, audience=target, tenant=tenant, flow_id=flow_id
        )
        base = self._urls.get(target, f"http://{target.value}")
        return self._http.post(base + path, json=body, headers={IDENTITY_HEADER: token})

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
