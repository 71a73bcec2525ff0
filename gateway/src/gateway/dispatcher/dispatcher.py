"""The dispatcher: guard → route → authenticate → limit → forward → record.

It stands ahead of the gateway's FastAPI app as a plain ASGI callable, because a FastAPI route
costs several times what the whole hop may cost. The FastAPI part is one more upstream to it and
gets its caller in `scope["state"]`; only what leaves the process gets an identity token.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.authentication import Authenticator
from gateway.dispatcher.clients import ClientResolver
from gateway.dispatcher.door import Door
from gateway.dispatcher.errors import AddressNotFoundError, ServiceAwayError
from gateway.dispatcher.exchange import Exchange
from gateway.dispatcher.guard import Admitted, Header, admit
from gateway.dispatcher.limits import InFlight, LimitedBody, RateLimiter, too_large
from gateway.dispatcher.metrics import GatewayMetrics
from gateway.dispatcher.origins import check_origin
from gateway.dispatcher.problems import send_problem
from gateway.dispatcher.routes import RouteTable
from gateway.dispatcher.tracing import (
    continue_trace,
    make_request_id,
    new_trace,
    offered_request_id,
)
from gateway.dispatcher.upstream import ClientGoneError, Upstream
from gateway.principal import Principal
from gateway.request_log.writer import Finished
from gateway.settings import LimitSettings
from shared_lib.contracts.errors import FleetError, InternalError, UnauthenticatedError
from shared_lib.contracts.identity import IDENTITY_HEADER, REQUEST_ID_HEADER, TRACE_HEADER
from shared_lib.contracts.services import ServiceName
from shared_lib.identity import TokenSigner
from shared_lib.observability import bind

logger = logging.getLogger(__name__)

_IDENTITY = IDENTITY_HEADER.encode()
_REQUEST_ID = REQUEST_ID_HEADER.encode()
_TRACE = TRACE_HEADER.encode()
_CHUNKED = (b"transfer-encoding", b"chunked")


@dataclass(frozen=True)
class Parts:
    """What a dispatcher works with.

    Attributes:
        own: the gateway's FastAPI app, for every path that is no service's.
        record: takes each finished request; must not block.
    """

    own: ASGIApp
    upstreams: Mapping[ServiceName, Upstream]
    authenticator: Authenticator
    signer: TokenSigner
    clients: ClientResolver
    limits: LimitSettings
    record: Callable[[Finished], None]
    metrics: GatewayMetrics
    door: Door


class Dispatcher:
    """The gateway as an ASGI app."""

    def __init__(self, parts: Parts) -> None:
        limits = parts.limits
        self._parts = parts
        self._routes = RouteTable()
        self._tenants = RateLimiter("tenant", rate=limits.requests_per_second, burst=limits.burst)
        self._strangers = RateLimiter(
            "address", rate=limits.anonymous_per_second, burst=limits.anonymous_burst
        )
        self._in_flight = InFlight(limits.in_flight)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand the lifespan to the FastAPI part."""
        if scope["type"] == "http":
            if self._parts.door.asks(scope):
                await self._decide(self._parts.door.original(scope), receive, send)
            else:
                await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._parts.own(scope, receive, send)
        else:
            await receive()
            # Closing before accepting is answered with 403: no service speaks WebSocket.
            await send({"type": "websocket.close", "code": 1000, "reason": "not offered"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        at, started = time.time(), time.perf_counter()
        limits = self._parts.limits
        try:
            admitted = admit(
                scope["method"],
                raw_path=scope["raw_path"],
                query_string=scope["query_string"],
                headers=scope["headers"],
            )
        except FleetError as error:
            body = LimitedBody(receive, limit=0, idle_s=limits.body_idle_s)
            client = self._parts.clients.address(scope, forwarded_for=None)
            made = make_request_id()
            exchange = Exchange(
                send, log_id=made, request_id=made, trace=new_trace(), client=client, body=body
            )
            await send_problem(error, send=exchange.send, request_id=exchange.request_id)
        else:
            exchange = self._begin(scope, receive, send, admitted=admitted)
            await self._serve(scope, receive, exchange, admitted)
        self._finish(scope, exchange, at=at, seconds=time.perf_counter() - started)

    async def _decide(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell our nginx: 204 with an identity token for one service, or 403.

        It hands what is refused to `_answer`, whole, which says why.
        """
        try:
            admitted = admit(
                scope["method"],
                raw_path=scope["raw_path"],
                query_string=scope["query_string"],
                headers=scope["headers"],
            )
            exchange = self._begin(scope, receive, send, admitted=admitted)
            if exchange.route.service is ServiceName.GATEWAY:
                raise AddressNotFoundError("The gateway answers this address itself.")
            scheme = self._scheme(scope, admitted)
            await self._authenticate(scope["method"], exchange, admitted, scheme=scheme)
        except FleetError:
            status, headers = 403, []
        else:
            status = 204
            headers = [
                *exchange.own_headers,
                (_TRACE, exchange.trace.header.encode()),
                (_IDENTITY, self._token(exchange)),
            ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def _begin(self, scope: Scope, receive: Receive, send: Send, *, admitted: Admitted) -> Exchange:
        once, limits = admitted.once, self._parts.limits
        route = self._routes.find(scope["raw_path"])
        body = None
        if admitted.content_length or admitted.chunked:
            limit = limits.upload_bytes if route.uploads else limits.body_bytes
            body = LimitedBody(receive, limit=limit, idle_s=limits.body_idle_s)
        made = make_request_id()
        exchange = Exchange(
            send,
            log_id=made,
            request_id=offered_request_id(once.get(_REQUEST_ID)) or made,
            trace=continue_trace(once.get(_TRACE)),
            client=self._parts.clients.address(scope, forwarded_for=once.get(b"x-forwarded-for")),
            body=body,
        )
        exchange.route = route
        return exchange

    async def _serve(
        self, scope: Scope, receive: Receive, exchange: Exchange, admitted: Admitted
    ) -> None:
        try:
            return await self._forward(scope, receive, exchange, admitted)
        except FleetError as failure:
            error = failure
        except ClientGoneError:
            return None
        except Exception:
            # Whatever fails, the client gets a problem and the gateway goes on.
            logger.exception("a request failed", extra={"request_id": exchange.request_id})
            error = InternalError("Something failed on our side; the log has it under this id.")
        if exchange.body is not None and exchange.body.failed is not None:
            error = exchange.body.failed
        if exchange.started:
            # The answer cannot be taken back; it stays without its end and the server closes.
            logger.warning(
                "an answer broke off",
                extra={"request_id": exchange.request_id, "code": error.code},
            )
            exchange.error_code = error.code
            return None
        return await send_problem(error, send=exchange.send, request_id=exchange.request_id)

    async def _forward(
        self, scope: Scope, receive: Receive, exchange: Exchange, admitted: Admitted
    ) -> None:
        route, scheme = exchange.route, self._scheme(scope, admitted)
        refusal = await self._authenticate(scope["method"], exchange, admitted, scheme=scheme)
        body = exchange.body
        if body is not None and (admitted.content_length or 0) > body.limit:
            raise too_large(body.limit)
        self._in_flight.enter(route.prefix)
        try:
            if route.service is ServiceName.GATEWAY:
                await self._call_own(
                    scope, receive, exchange, admitted, scheme=scheme, refusal=refusal
                )
                return
            upstream = self._parts.upstreams.get(route.service)
            if upstream is None:
                raise ServiceAwayError(f"{route.service} is not part of this installation.")
            await upstream(
                self._service_scope(scope, exchange, admitted), body or receive, exchange.send
            )
        finally:
            self._in_flight.leave(route.prefix)

    async def _authenticate(
        self, method: str, exchange: Exchange, admitted: Admitted, *, scheme: str
    ) -> FleetError | None:
        """Find the principal; on the gateway's own paths a stranger is let through, with why."""
        once = admitted.once
        authorization = once.get(b"authorization")
        own = exchange.route.service is ServiceName.GATEWAY
        try:
            exchange.principal = await self._parts.authenticator.find(
                authorization=authorization, cookie=once.get(b"cookie")
            )
        except UnauthenticatedError as error:
            self._strangers.admit(exchange.client)
            if not own:
                raise
            check_origin(method, once=once, scheme=scheme, must_prove=False)
            return error
        if authorization is None:
            check_origin(method, once=once, scheme=scheme, must_prove=True)
        remaining = self._tenants.admit(exchange.principal.caller.tenant)
        exchange.own_headers += (self._tenants.policy, self._tenants.header(remaining))
        return None

    def _scheme(self, scope: Scope, admitted: Admitted) -> str:
        proto = admitted.once.get(b"x-forwarded-proto")
        return self._parts.clients.scheme(scope, forwarded_proto=proto)

    def _service_scope(self, scope: Scope, exchange: Exchange, admitted: Admitted) -> Scope:
        headers = _common_headers(exchange, admitted)
        headers.append((_IDENTITY, self._token(exchange)))
        return {**scope, "headers": headers, "state": {}}

    def _token(self, exchange: Exchange) -> bytes:
        """The caller's identity, for the one service that the request goes to."""
        caller = _known(exchange).caller
        return self._parts.signer.sign(
            caller.subject,
            audience=exchange.route.service,
            tenant=caller.tenant,
            scopes=caller.scopes,
        ).encode()

    async def _call_own(
        self,
        scope: Scope,
        receive: Receive,
        exchange: Exchange,
        admitted: Admitted,
        *,
        scheme: str,
        refusal: FleetError | None,
    ) -> None:
        """Call the gateway's FastAPI app; it reads who asks from `request.state`."""
        principal = exchange.principal
        state: dict[str, Any] = {
            **scope.get("state", {}),
            "principal": principal,
            "caller": principal.caller if principal is not None else None,
            "refusal": refusal,
            "request_id": exchange.request_id,
            "client": exchange.client,
        }
        headers = _common_headers(exchange, admitted)
        own = {**scope, "scheme": scheme, "headers": headers, "state": state}
        with bind(request_id=exchange.request_id, traceparent=exchange.trace.header):
            await self._parts.own(own, exchange.body or receive, exchange.send)

    def _finish(self, scope: Scope, exchange: Exchange, *, at: float, seconds: float) -> None:
        route, principal = exchange.route, exchange.principal
        self._parts.metrics.observe(
            route.prefix, method=scope["method"], status=exchange.status, seconds=seconds
        )
        self._parts.record(
            Finished(
                id=exchange.log_id,
                request_id=exchange.request_id,
                at=at,
                tenant=principal.caller.tenant if principal else None,
                subject=principal.caller.subject if principal else None,
                method=scope["method"],
                path=scope["raw_path"],
                service=route.service,
                status=exchange.status,
                bytes_in=exchange.body.size if exchange.body else 0,
                bytes_out=exchange.bytes_out,
                duration_ms=seconds * 1000,
                client=exchange.client,
                trace_id=exchange.trace.trace_id,
                error_code=exchange.error_code,
            )
        )


def _known(exchange: Exchange) -> Principal:
    if exchange.principal is None:
        raise AssertionError("a service was reached without authentication")
    return exchange.principal


def _common_headers(exchange: Exchange, admitted: Admitted) -> list[Header]:
    """What goes on: the clean headers, with host, framing, client, ids made anew."""
    once = admitted.once
    headers = admitted.headers
    headers.append((b"host", once[b"host"]))
    headers.append((_REQUEST_ID, exchange.request_id.encode()))
    headers.append((_TRACE, exchange.trace.header.encode()))
    headers.append((b"x-forwarded-for", exchange.client.encode()))
    if exchange.trace.continued and b"tracestate" in once:
        headers.append((b"tracestate", once[b"tracestate"]))
    if admitted.chunked:
        headers.append(_CHUNKED)
    elif admitted.content_length is not None:
        headers.append((b"content-length", str(admitted.content_length).encode()))
    return headers
