"""A service over HTTP by aiohttp: the widely used client, chosen by a setting."""

from collections.abc import AsyncIterator

import aiohttp
from multidict import CIMultiDict
from starlette.types import Receive, Scope, Send
from yarl import URL

from gateway.dispatcher.errors import (
    BadGatewayError,
    ConnectTimeoutError,
    GatewayTimeoutError,
    ServiceAwayError,
)
from gateway.dispatcher.upstream import ClientGoneError
from gateway.settings import UpstreamSettings

_PIECE = 64 * 1024
_RETRY = {"Retry-After": "1"}
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})
# Headers that aiohttp would add by itself.
_NOT_ADDED = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


class AiohttpUpstream:
    """Calls a service by aiohttp.

    Args:
        base_url: scheme, host and port.
        name: how errors name the service.
    """

    def __init__(self, base_url: str, *, name: str, settings: UpstreamSettings) -> None:
        self._base = base_url.rstrip("/")
        self._name = name
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Make the session; connections come with the requests."""
        settings = self._settings
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=10),
            timeout=aiohttp.ClientTimeout(
                total=settings.total_s,
                sock_connect=settings.connect_s,
                sock_read=settings.idle_s,
            ),
            trust_env=False,
            skip_auto_headers=_NOT_ADDED,
        )

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward one request.

        Raises:
            ServiceAwayError: no connection could be made.
            GatewayTimeoutError: no byte came for too long.
            BadGatewayError: the service broke off or did not answer with HTTP.
        """
        if self._session is None:
            raise ServiceAwayError(f"The gateway has not started yet; {self._name} waits.")
        try:
            await self._forward(self._session, scope, receive, send)
        except aiohttp.ServerTimeoutError as error:
            connecting = isinstance(error, aiohttp.ConnectionTimeoutError)
            raise self._too_slow(connecting=connecting) from error
        except TimeoutError as error:
            raise self._too_slow(connecting=False) from error
        except aiohttp.ClientConnectorError as error:
            raise ServiceAwayError(
                f"{self._name} cannot be reached. Try again in a few seconds.", headers=_RETRY
            ) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise BadGatewayError(
                f"{self._name} broke off its answer. A request without side effects can be sent "
                "again."
            ) from error

    async def _forward(
        self, session: aiohttp.ClientSession, scope: Scope, receive: Receive, send: Send
    ) -> None:
        query = scope["query_string"]
        target = self._base + scope["raw_path"].decode() + ("?" + query.decode() if query else "")
        headers, length = _split(scope["headers"])
        async with session.request(
            scope["method"],
            URL(target, encoded=True),
            headers=headers,
            data=_pieces(receive) if length is not None else None,
            allow_redirects=False,
        ) as response:
            await send(
                {
                    "type": "http.response.start",
                    "status": response.status,
                    "headers": [(name.lower(), value) for name, value in response.raw_headers],
                }
            )
            async for piece in response.content.iter_any():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _too_slow(self, *, connecting: bool) -> GatewayTimeoutError:
        if connecting:
            return ConnectTimeoutError(
                f"{self._name} took no connection. Try again later.", headers=_RETRY
            )
        return GatewayTimeoutError(
            f"{self._name} did not answer in time. Try again later.", headers=_RETRY
        )


def _split(headers: list[tuple[bytes, bytes]]) -> tuple["CIMultiDict[str]", str | None]:
    """Headers as aiohttp wants them, and how the body is framed, None without a body."""
    sent: CIMultiDict[str] = CIMultiDict()
    framing = None
    for name, value in headers:
        if name in _FRAMING:
            framing = value.decode("latin-1")
            if name == b"content-length":
                sent.add("content-length", framing)
                framing = framing if framing != "0" else None
            continue
        sent.add(name.decode("latin-1"), value.decode("latin-1"))
    return sent, framing


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGoneError
        body = message.get("body", b"")
        for start in range(0, len(body), _PIECE):
            yield body[start : start + _PIECE]
        if not message.get("more_body", False):
            return
