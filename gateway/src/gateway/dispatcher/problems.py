"""Problems that the gateway itself answers, as ASGI messages."""

from starlette.types import Send

from gateway.dispatcher.guard import Header
from shared_lib.contracts.errors import PROBLEM_MEDIA_TYPE, FleetError


def render_problem(error: FleetError, *, request_id: str) -> tuple[list[Header], bytes]:
    """Headers and body of the answer for an error."""
    body = error.problem(request_id=request_id).model_dump_json(exclude_none=True).encode()
    headers = [
        (b"content-type", PROBLEM_MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    if error.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="datafleet"'))
    headers += [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in error.headers.items()
    ]
    return headers, body


async def send_problem(error: FleetError, *, send: Send, request_id: str) -> None:
    """Send the whole answer."""
    headers, body = render_problem(error, request_id=request_id)
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
