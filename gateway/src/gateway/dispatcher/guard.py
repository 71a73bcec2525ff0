"""The guard: decides on the raw path and the raw headers alone, and rebuilds the headers.

It never looks at a decoded URL object: CVE-2026-48710 showed a malformed `Host` making a
framework's `request.url.path` differ from the path that was routed. What it lets through has one
reading only; framing, hop-by-hop and identity headers are not forwarded but made anew.
"""

import re
from collections.abc import Sequence

from gateway.dispatcher.errors import (
    FramingError,
    HeaderError,
    HeadersTooLargeError,
    HostError,
    MethodError,
    TargetError,
    UpgradeRefusedError,
)
from gateway.dispatcher.paths import check_path

MAX_HEADERS = 100
MAX_HEADER_BYTES = 64 * 1024
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Header = tuple[bytes, bytes]


# What is done with a header. Plain integers: looking up an Enum's member costs more than the rule.
_KEEP = 1
_DROP = 2
_ONCE = 3  # kept aside, refused when it comes twice, not forwarded
_ONCE_KEEP = 4  # the same, and forwarded
_TOKENS = 5  # `Connection`: names more headers to drop
_REFUSE = 6

_RULES: dict[bytes, int] = {
    **dict.fromkeys(
        # Hop-by-hop (RFC 9110, section 7.6.1), and what only a proxy of ours may say.
        (
            b"expect",
            b"forwarded",
            b"http2-settings",
            b"keep-alive",
            b"proxy-authenticate",
            b"proxy-authorization",
            b"proxy-connection",
            b"te",
            b"trailer",
            b"x-forwarded-host",
            b"x-forwarded-port",
            b"x-forwarded-prefix",
            b"x-forwarded-server",
            b"x-real-ip",
        ),
        _DROP,
    ),
    **dict.fromkeys(
        (
            b"authorization",
            b"content-length",
            b"cookie",
            b"host",
            b"traceparent",
            b"tracestate",
            b"transfer-encoding",
            b"x-forwarded-for",
            b"x-forwarded-proto",
            b"x-request-id",
        ),
        _ONCE,
    ),
    **dict.fromkeys(
        (b"content-type", b"idempotency-key", b"origin", b"sec-fetch-site"), _ONCE_KEEP
    ),
    b"connection": _TOKENS,
    b"upgrade": _REFUSE,
}

_NAME = re.compile(rb"[a-z0-9!#$%&'*+\-.^`|~]+")
_HOST = re.compile(
    rb"(?:[A-Za-z0-9](?:[A-Za-z0-9\-.]{0,253}[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"
)
_LENGTH = re.compile(rb"[0-9]{1,15}")
_BAD_QUERY = re.compile(rb"[\x00-\x20\x7f-\xff#]|%0[0aAdD]")

# Names seen before need no second look; bounded, since clients make names up.
_known: dict[bytes, int] = dict(_RULES)
_MAX_KNOWN = 2000


class Admitted:
    """A request that may go on.

    Attributes:
        headers: what is forwarded: no credentials, no framing, no hop-by-hop, no identity.
        once: headers that are kept aside, by name.
        content_length: the length of the body, None when it is chunked or absent.
        chunked: whether the body is chunked.
    """

    __slots__ = ("chunked", "content_length", "headers", "once")

    def __init__(
        self,
        headers: list[Header],
        *,
        once: dict[bytes, bytes],
        content_length: int | None,
        chunked: bool,
    ) -> None:
        self.headers = headers
        self.once = once
        self.content_length = content_length
        self.chunked = chunked


def admit(
    method: str, *, raw_path: bytes, query_string: bytes, headers: Sequence[Header]
) -> Admitted:
    """The request as it may go on.

    Args:
        headers: raw, with lowercase names as ASGI servers give them.

    Raises:
        FleetError: a subclass in `gateway.dispatcher.errors` that says what is wrong.
    """
    if method not in METHODS:
        raise MethodError(f"{method[:20]} is not offered anywhere here.")
    check_path(raw_path)
    if query_string and _BAD_QUERY.search(query_string):
        raise TargetError(
            "The query has a character that must be percent-encoded, or an encoded NUL or line "
            "break."
        )
    kept, once = _sort(headers)
    _check_host(once.get(b"host"))
    content_length, chunked = _framing(once)
    return Admitted(kept, once=once, content_length=content_length, chunked=chunked)


def _sort(headers: Sequence[Header]) -> tuple[list[Header], dict[bytes, bytes]]:
    if len(headers) > MAX_HEADERS:
        raise HeadersTooLargeError(f"A request has at most {MAX_HEADERS} headers.")
    kept: list[Header] = []
    once: dict[bytes, bytes] = {}
    tokens: list[bytes] = []
    size = 0
    for header in headers:
        name, value = header
        size += len(name) + len(value)
        rule = _known.get(name) or _judge(name)
        if rule == _KEEP:
            kept.append(header)
        elif rule in (_ONCE, _ONCE_KEEP):
            if name in once:
                raise _twice(name)
            once[name] = value
            if rule == _ONCE_KEEP:
                kept.append(header)
        elif rule == _TOKENS:
            tokens.append(value)
        elif rule == _REFUSE:
            raise UpgradeRefusedError(
                "Only HTTP is spoken here. Send the request without `Upgrade`; live news come as "
                "server-sent events."
            )
    if size > MAX_HEADER_BYTES:
        raise HeadersTooLargeError(f"Headers have at most {MAX_HEADER_BYTES} bytes together.")
    if tokens:
        kept = _without_named(kept, tokens=tokens)
    return kept, once


def _judge(name: bytes) -> int:
    """The rule of a name that is seen for the first time."""
    if b"_" in name:
        raise HeaderError(
            "A header name with an underscore reads like its hyphenated twin to some servers. "
            "Write it with hyphens."
        )
    if not _NAME.fullmatch(name):
        raise HeaderError("A header name has a character that names cannot have.")
    rule = _DROP if name.startswith(b"x-fleet-") else _KEEP
    if len(_known) < _MAX_KNOWN:
        _known[name] = rule
    return rule


def _twice(name: bytes) -> HeaderError | FramingError | HostError:
    text = name.decode("ascii")
    if name in {b"content-length", b"transfer-encoding"}:
        return FramingError(f"{text} came more than once.")
    if name == b"host":
        return HostError("Host came more than once.")
    return HeaderError(f"{text} came more than once.", field=text)


def _without_named(kept: list[Header], *, tokens: list[bytes]) -> list[Header]:
    named = {token.strip().lower() for value in tokens for token in value.split(b",")}
    named -= {b"close", b"keep-alive", b""}
    return [header for header in kept if header[0] not in named] if named else kept


def _check_host(host: bytes | None) -> None:
    if host is None:
        raise HostError("Host is missing.")
    if not _HOST.fullmatch(host):
        raise HostError("Host is a name or an address, with a port if need be, and nothing else.")


def _framing(once: dict[bytes, bytes]) -> tuple[int | None, bool]:
    length = once.get(b"content-length")
    encoding = once.get(b"transfer-encoding")
    if encoding is not None:
        if length is not None:
            raise FramingError("Content-Length and Transfer-Encoding exclude each other.")
        if encoding.lower() != b"chunked":
            raise FramingError("The only Transfer-Encoding that is read is `chunked`.")
        return None, True
    if length is None:
        return None, False
    if not _LENGTH.fullmatch(length):
        raise FramingError("Content-Length is a whole number of bytes.")
    return int(length), False
