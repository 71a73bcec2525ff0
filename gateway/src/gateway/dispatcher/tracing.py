"""Request ids and the W3C trace context (https://www.w3.org/TR/trace-context/)."""

import random
import re
import time
from typing import NamedTuple

_REQUEST_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_TRACE = b"0" * 32
_NO_SPAN = b"0" * 16


# Seeded from the system. Ids name things and guard nothing, and a call of the system for each one
# would cost more than the rest of the id.
_bits = random.Random().getrandbits


class Trace(NamedTuple):
    """Where a request stands in a trace.

    Attributes:
        trace_id: 32 hex digits, the same for everything that one outer request causes.
        header: the `traceparent` that goes on to the service, with a span id of our own.
        continued: whether the caller brought the trace; its `tracestate` goes on only then.
    """

    trace_id: str
    header: str
    continued: bool = False


def new_trace() -> Trace:
    """A trace that begins here."""
    trace_id = f"{_bits(128) or 1:032x}"
    return Trace(trace_id, f"00-{trace_id}-{_bits(64) or 1:016x}-01")


def continue_trace(parent: bytes | None) -> Trace:
    """The caller's trace with a new span, or a new trace when there is none that can be used.

    A version above 00 is read as far as 00 defines it (section 4.3.1 of the recommendation).
    """
    if parent is None:
        return new_trace()
    found = _PARENT.fullmatch(parent)
    if found is None:
        return new_trace()
    version, trace_id, span_id, flags, rest = found.groups()
    if version == b"ff" or trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return new_trace()
    if version == b"00" and rest:
        return new_trace()
    trace = trace_id.decode()
    sampled = int(flags, 16) & 1
    return Trace(
        trace_id=trace,
        header=f"00-{trace}-{_bits(64) or 1:016x}-{sampled:02x}",
        continued=True,
    )


def make_request_id() -> str:
    """A new request id: `req_` and a UUIDv7 (RFC 9562), so that ids sort by time."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | 0x7 << 76 | _bits(12) << 64 | 0b10 << 62 | _bits(62)
    return f"req_{value:032x}"


def oldest_request_id(*, at: float) -> str:
    """The smallest id that `make_request_id` gives at that time, in seconds since the epoch."""
    return f"req_{int(at * 1000) << 80:032x}"


def offered_request_id(offered: bytes | None) -> str | None:
    """The caller's own request id when it is short and plain."""
    if offered is not None and _REQUEST_ID.fullmatch(offered):
        return offered.decode("ascii")
    return None
