"""Bytes out: ranges (RFC 9110, section 14), digests (RFC 9530), names (RFC 6266)."""

import base64
import re
from collections.abc import Iterator
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from shared_lib.contracts.errors import FleetError
from shared_lib.storage import ObjectStore

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})$")


class RangeNotSatisfiableError(FleetError):
    """The range begins behind the end."""

    status = 416
    code = "range_not_satisfiable"
    title = "The range lies outside the file"


def send_object(
    request: Request,
    *,
    store: ObjectStore,
    key: str,
    size: int,
    sha256: str,
    filename: str,
    media_type: str = "application/octet-stream",
) -> Response:
    """The whole object or the range that was asked for.

    Args:
        size: of the object in bytes.
        sha256: of the whole object, in hex; sent as entity tag and as `Repr-Digest`.

    Raises:
        RangeNotSatisfiableError: the range begins behind the end.
    """
    digest = base64.b64encode(bytes.fromhex(sha256)).decode()
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": f'"{sha256}"',
        "Repr-Digest": f"sha-256=:{digest}:",
        "Content-Disposition": content_disposition(filename),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range") if _range_applies(request, headers["ETag"]) else None
    start, end = parse_range(wanted, size=size)
    partial = (start, end) != (0, size)
    if partial:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    chunks: Iterator[bytes] = iter(store.open(key, start=start, end=end)) if size else iter(())
    return StreamingResponse(
        chunks, status_code=206 if partial else 200, media_type=media_type, headers=headers
    )


def _range_applies(request: Request, etag: str) -> bool:
    condition = request.headers.get("if-range")
    return condition is None or condition == etag


def parse_range(header: str | None, *, size: int) -> tuple[int, int]:
    """First byte and the byte after the last; a header that is no single range is ignored.

    Raises:
        RangeNotSatisfiableError: the range begins behind the end.
    """
    found = _RANGE.match(header.strip()) if header else None
    if found is None or found.group(0) == "bytes=-":
        return 0, size
    first, last = found.groups()
    start, end = (
        (int(first), int(last) + 1 if last else size) if first else (size - int(last), size)
    )
    start, end = max(start, 0), min(end, size)
    if start >= size or (first and last and int(last) < int(first)):
        raise RangeNotSatisfiableError(
            f"The file has {size} bytes; ask for a range inside them.",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return start, end


def content_disposition(filename: str) -> str:
    """An attachment with that name; letters beyond ASCII go by RFC 8187."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
