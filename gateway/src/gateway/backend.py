"""How the gateway's own pages ask a service on behalf of the signed-in user.

    backend = request.app.state.gateway.backend
    flows = await backend.get_json(caller, "/v1/flows", params={"limit": 20})

The request goes to the same upstream the dispatcher would use, with an identity token that
carries the caller's tenant and scopes: a page can do what its user may do, and no more.
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import anyio
from starlette.types import Message, Scope

from gateway.dispatcher.routes import RouteTable
from gateway.dispatcher.tracing import new_trace
from gateway.dispatcher.upstream import Upstream
from shared_lib.contracts.errors import FleetError, Problem
from shared_lib.contracts.identity import IDENTITY_HEADER, REQUEST_ID_HEADER, TRACE_HEADER, Caller
from shared_lib.contracts.services import ServiceName
from shared_lib.identity import TokenSigner
from shared_lib.observability import bound

MAX_ANSWER_BYTES = 32 * 1024 * 1024
NO_TENANT = "-"
"""In the token of a question that is about no tenant's data."""

Params = Mapping[str, str | int | bool] | Sequence[tuple[str, str | int | bool]]


class ServiceProblemError(FleetError):
    """A service answered with a problem; `answered` is what it said, `status` its status."""

    code = "service_problem"
    title = "A service refused the request"

    def __init__(self, answered: Problem) -> None:
        super().__init__(answered.detail, **(answered.model_extra or {}))
        self.answered = answered

    def problem(self, *, request_id: str | None = None, flow_id: str | None = None) -> Problem:
        """What the service said, under this request's id."""
        own = {"request_id": request_id or self.answered.request_id}
        own["flow_id"] = flow_id or self.answered.flow_id
        return self.answered.model_copy(update=own)


@dataclass
class BackendAnswer:
    """A service's answer. Header names are lowercase."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body) if self.body else None


class Backend:
    """Calls services in the name of a caller.

    Args:
        upstreams: the services by name.
        signer: signs as the gateway.
    """

    def __init__(self, upstreams: Mapping[ServiceName, Upstream], *, signer: TokenSigner) -> None:
        self._upstreams = upstreams
        self._signer = signer
        self._routes = RouteTable()

    async def get_json(self, caller: Caller, path: str, *, params: Params | None = None) -> Any:
        """`GET path` as JSON.

        Raises:
            ServiceProblemError: the service answered with 4xx or 5xx.
            UnavailableError: the service does not answer.
        """
        return (await self.request(caller, "GET", path=path, params=params)).json()

    async def post_json(
        self,
        caller: Caller,
        path: str,
        *,
        body: Any,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """`POST path` with a JSON body; raises as `get_json` does."""
        sent = {"content-type": "application/json", **(headers or {})}
        content = json.dumps(body).encode()
        return (
            await self.request(
                caller, "POST", path=path, params=params, headers=sent, body=_one(content)
            )
        ).json()

    async def put_json(self, caller: Caller, path: str, *, body: Any) -> Any:
        """`PUT path` with a JSON body; raises as `get_json` does."""
        sent = {"content-type": "application/json"}
        content = json.dumps(body).encode()
        return (
            await self.request(caller, "PUT", path=path, headers=sent, body=_one(content))
        ).json()

    async def delete_json(self, caller: Caller, path: str) -> Any:
        """`DELETE path`; raises as `get_json` does."""
        return (await self.request(caller, "DELETE", path=path)).json()

    async def stream_put(
        self,
        caller: Caller,
        path: str,
        *,
        body: AsyncIterator[bytes],
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """`PUT path` with a streamed body, piece by piece; raises as `get_json` does."""
        return (
            await self.request(caller, "PUT", path=path, params=params, headers=headers, body=body)
        ).json()

    async def request(
        self,
        caller: Caller,
        method: str,
        *,
        path: str,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        body: AsyncIterator[bytes] | None = None,
    ) -> BackendAnswer:
        """Any request; the whole answer is read (at most 32 MiB).

        Args:
            path: an unencoded path below `/v1`.

        Raises:
            ServiceProblemError: the service answered with 4xx or 5xx.
            UnavailableError: the service does not answer.
        """
        raw_path = quote(path, safe="/:@!$&'()*+,;=-._~").encode()
        service = self._routes.find(raw_path).service
        upstream = self._upstreams.get(service)
        if upstream is None:
            raise LookupError(f"{path} belongs to no service that this gateway knows")
        scope = self._scope(
            caller,
            service,
            method=method,
            path=path,
            raw_path=raw_path,
            params=params or {},
            headers={**(headers or {}), **({"transfer-encoding": "chunked"} if body else {})},
        )
        exchange = _Exchange(body)
        await upstream(scope, exchange.receive, exchange.send)
        answer = exchange.answer
        if answer.status >= 400:
            raise _refused(answer)
        return answer

    async def ask_service(self, service: ServiceName, path: str) -> BackendAnswer:
        """`GET` an internal path in the gateway's own name, for no tenant.

        Raises:
            ServiceProblemError: the service answered with 4xx or 5xx.
            UnavailableError: the service does not answer.
        """
        token = self._signer.sign(self._signer.issuer.value, audience=service, tenant=NO_TENANT)
        scope = _scope(service, token, method="GET", path=path, raw_path=path.encode())
        exchange = _Exchange(None)
        await self._upstreams[service](scope, exchange.receive, exchange.send)
        if exchange.answer.status >= 400:
            raise _refused(exchange.answer)
        return exchange.answer

    def _scope(
        self,
        caller: Caller,
        service: ServiceName,
        *,
        method: str,
        path: str,
        raw_path: bytes,
        params: Params,
        headers: Mapping[str, str],
    ) -> Scope:
        token = self._signer.sign(
            caller.subject, audience=service, tenant=caller.tenant, scopes=caller.scopes
        )
        return _scope(
            service,
            token,
            method=method,
            path=path,
            raw_path=raw_path,
            query=urlencode([(k, _text(v)) for k, v in _pairs(params)]).encode(),
            headers=headers,
        )


class _Exchange:
    """One request and its answer, as an ASGI app sees them."""

    def __init__(self, body: AsyncIterator[bytes] | None) -> None:
        self._body = body
        self._sent = False
        self._answered = anyio.Event()
        self._pieces: list[bytes] = []
        self._size = 0
        self.answer = BackendAnswer(status=502)

    async def receive(self) -> Message:
        """The next piece of the request's body; a disconnect only after the answer."""
        if self._body is not None:
            try:
                piece = await anext(self._body)
            except StopAsyncIteration:
                self._body, self._sent = None, True
                return {"type": "http.request", "body": b"", "more_body": False}
            return {"type": "http.request", "body": piece, "more_body": True}
        if self._sent:
            await self._answered.wait()
            return {"type": "http.disconnect"}
        self._sent = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: Message) -> None:
        """Take in the answer."""
        if message["type"] == "http.response.start":
            self.answer.status = message["status"]
            self.answer.headers = {
                name.decode("latin-1"): value.decode("latin-1")
                for name, value in message.get("headers", [])
            }
        elif message["type"] == "http.response.body":
            piece = message.get("body", b"")
            self._size += len(piece)
            if self._size > MAX_ANSWER_BYTES:
                raise ValueError("the answer is too long for a page; ask for fewer rows")
            self._pieces.append(piece)
            if not message.get("more_body", False):
                self.answer.body = b"".join(self._pieces)
                self._answered.set()


def _scope(
    service: ServiceName,
    token: str,
    *,
    method: str,
    path: str,
    raw_path: bytes,
    query: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Scope:
    """The request as an ASGI app sees it, with the identity and the ids of the one that asks."""
    own = {
        "host": service.value,
        "accept": "application/json",
        IDENTITY_HEADER: token,
        REQUEST_ID_HEADER: bound().get("request_id", "page"),
        TRACE_HEADER: bound().get("traceparent") or new_trace().header,
    }
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in {**(headers or {}), **own}.items()
        ],
        "client": None,
        "server": None,
        "state": {},
    }


def _refused(answer: BackendAnswer) -> ServiceProblemError:
    try:
        problem = Problem.model_validate_json(answer.body)
    except ValueError:
        problem = Problem(
            type="about:blank",
            title="The service failed",
            status=answer.status,
            code="service_failed",
            detail="The service gave an answer that cannot be read. Its log says more.",
        )
    error = ServiceProblemError(problem)
    error.status = answer.status  # type: ignore[misc]  # each answer has a status of its own
    error.code = problem.code  # type: ignore[misc]
    return error


def _pairs(params: Params) -> Iterable[tuple[str, str | int | bool]]:
    return params.items() if isinstance(params, Mapping) else params


def _text(value: str | int | bool) -> str:  # noqa: FBT001 - a query value may be a boolean
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _one(content: bytes) -> AsyncIterator[bytes]:
    yield content
