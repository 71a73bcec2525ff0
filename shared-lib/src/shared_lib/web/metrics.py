"""Counts and durations of requests by route, and the context that their log lines carry."""

import time

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared_lib.contracts.identity import REQUEST_ID_HEADER
from shared_lib.observability import bind

_REQUEST_ID = REQUEST_ID_HEADER.encode()


class RequestMetrics:
    """One registry an app, so that several apps in one process do not mix."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        self.service = service
        self.requests = Counter(
            "fleet_requests_total",
            "Requests answered",
            ["service", "method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "fleet_request_seconds",
            "Seconds until the first byte of the answer",
            ["service", "route"],
            registry=self.registry,
        )

    def observe(self, *, scope: Scope, status: int, seconds: float) -> None:
        """Record one answered request under its route's template."""
        route = getattr(scope.get("route"), "path", "unmatched")
        self.requests.labels(self.service, scope["method"], route, str(status)).inc()
        self.seconds.labels(self.service, route).observe(seconds)


class ObservedRequests:
    """ASGI middleware: binds the request id for log lines and measures."""

    def __init__(self, app: ASGIApp, *, metrics: RequestMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()

        async def measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.observe(
                    scope=scope,
                    status=message["status"],
                    seconds=time.perf_counter() - started,
                )
            await send(message)

        request_id = next(
            (v.decode("latin-1") for k, v in scope["headers"] if k == _REQUEST_ID), None
        )
        with bind(request_id=request_id):
            await self._app(scope, receive, measured)
