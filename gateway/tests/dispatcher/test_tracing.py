"""Request ids and W3C trace context."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dispatcher.tracing import (
    continue_trace,
    make_request_id,
    new_trace,
    offered_request_id,
    oldest_request_id,
)

PARENT = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
HEADER = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]")


def test_a_good_parent_is_continued_with_a_span_of_our_own() -> None:
    trace = continue_trace(PARENT)

    assert trace.continued
    assert trace.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert HEADER.fullmatch(trace.header)
    assert trace.trace_id in trace.header
    assert "00f067aa0ba902b7" not in trace.header


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert continue_trace(b"cc" + PARENT[2:] + b"-what-comes").continued


@pytest.mark.parametrize(
    "parent",
    [
        None,
        b"",
        b"ff" + PARENT[2:],
        PARENT + b"-more",
        PARENT.upper(),
        PARENT.replace(b"4bf92f3577b34da6a3ce929d0e0e4736", b"0" * 32),
        PARENT.replace(b"00f067aa0ba902b7", b"0" * 16),
        b" " + PARENT,
    ],
)
def test_any_other_parent_begins_a_new_trace(parent: bytes | None) -> None:
    trace = continue_trace(parent)

    assert not trace.continued
    assert HEADER.fullmatch(trace.header)


@given(st.binary(max_size=80))
def test_whatever_comes_a_valid_header_goes_on(parent: bytes) -> None:
    assert HEADER.fullmatch(continue_trace(parent).header)


def test_traces_differ() -> None:
    assert len({new_trace().trace_id for _ in range(100)}) == 100


@given(st.from_regex(rb"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z"))
def test_a_sane_request_id_is_kept(offered: bytes) -> None:
    assert offered_request_id(offered) == offered.decode()


@pytest.mark.parametrize("offered", [None, b"", b"a b", b"a\nb", b"-a", b"a" * 65, b"\xff"])
def test_any_other_is_not(offered: bytes | None) -> None:
    assert offered_request_id(offered) is None


def test_made_ids_sort_by_time() -> None:
    before, made, after = oldest_request_id(at=1), make_request_id(), oldest_request_id(at=2**33)

    assert re.fullmatch(r"req_[0-9a-f]{32}", made)
    assert before < made < after
