"""Request ids and the W3C trace context (https://www.w3.org/TR/trace-context/)."""

import os
import re
from dataclasses import dataclass

from shared_lib.contracts.ids import IdKind, new_id

_REQUEST_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_TRACE = b"0" * 32
_NO_SPAN = b"0" * 16


@dataclass(frozen=True, slots=True)
class Trace:
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
    digits = os.urandom(24).hex()
    return Trace(trace_id=digits[:32], header=f"00-{digits[:32]}-{digits[32:]}-01")


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
        header=f"00-{trace}-{os.urandom(8).hex()}-{sampled:02x}",
        continued=True,
    )


def request_id(offered: bytes | None) -> str:
    """The caller's request id when it is short and plain, else a new one."""
    if offered is not None and _REQUEST_ID.fullmatch(offered):
        return offered.decode("ascii")
    return new_id(IdKind.REQUEST)
