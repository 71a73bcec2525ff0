"""Counts and durations of requests by route, and the context that their log lines carry."""

import logging
import time

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared_lib.contracts.identity import REQUEST_ID_HEADER
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.observability import bind
from shared_lib.web.errors import unexpected_response

logger = logging.getLogger(__name__)

_REQUEST_ID = REQUEST_ID_HEADER.encode()
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


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
        # Whoever invents methods must not invent time series with them.
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self.requests.labels(self.service, method, route, str(status)).inc()
        self.seconds.labels(self.service, route).observe(seconds)


class ObservedRequests:
    """ASGI middleware: binds the request id, measures, and answers unexpected errors.

    The framework would answer those outside of it, where the request id is not bound any more.
    """

    def __init__(self, app: ASGIApp, *, metrics: RequestMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        started = False

        async def measured(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._metrics.observe(
                    scope=scope,
                    status=message["status"],
                    seconds=time.perf_counter() - begun,
                )
            await send(message)

        with bind(request_id=_request_id(scope)):
            try:
                await self._app(scope, receive, measured)
            except ClientDisconnect:
                logger.info("the client left before its request was complete")
            except Exception as error:
                # The edge of the app: whatever it was, it is logged and answered as a problem.
                if started:
                    # Half an answer is out: only breaking the connection says that it is not whole.
                    raise
                await unexpected_response(error)(scope, receive, measured)


def _request_id(scope: Scope) -> str:
    given = next((v.decode("latin-1") for k, v in scope["headers"] if k == _REQUEST_ID), None)
    return given or new_id(IdKind.REQUEST)
