"""One socket for calls between services: the `Host` header says who is meant."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from shared_lib.contracts.services import ServiceName


class Switchboard:
    """An ASGI app that hands a request to the service whose name is its host."""

    def __init__(self, apps: Mapping[ServiceName, ASGIApp]) -> None:
        self._apps = {name.value.encode(): app for name, app in apps.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one internal call."""
        host = dict(scope.get("headers", ())).get(b"host", b"")
        app = self._apps.get(host)
        if app is None:
            await send({"type": "http.response.start", "status": 421, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await app(scope, receive, send)
