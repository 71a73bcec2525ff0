"""Ranges and names of downloads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_lib.web.downloads import RangeNotSatisfiableError, content_disposition, parse_range


@given(size=st.integers(0, 50), first=st.integers(0, 60), last=st.integers(0, 60))
def test_a_range_is_what_a_slice_is(size: int, first: int, last: int) -> None:
    whole = bytes(range(size))
    try:
        start, end = parse_range(f"bytes={first}-{last}", size=size)
    except RangeNotSatisfiableError as error:
        assert first >= size or last < first
        assert error.headers["Content-Range"] == f"bytes */{size}"  # noqa: PT017 - both outcomes are fine
    else:
        assert whole[start:end] == whole[first : last + 1] != b""


@given(size=st.integers(1, 50), count=st.integers(1, 60))
def test_a_suffix_is_the_end(size: int, count: int) -> None:
    whole = bytes(range(size))
    start, end = parse_range(f"bytes=-{count}", size=size)

    assert whole[start:end] == whole[-count:]


@given(st.text() | st.from_regex(r"bytes=[0-9,\-]*"))
def test_any_other_header_means_all_or_is_refused(header: str) -> None:
    try:
        start, end = parse_range(header, size=10)
    except RangeNotSatisfiableError:
        return
    assert 0 <= start < end <= 10


@pytest.mark.parametrize(
    "header", [None, "", "bytes=-", "bytes=0-1,3-4", "lines=0-1", "bytes=٣-٤", "bytes=" + "9" * 99]
)
def test_what_is_no_single_range_is_ignored(header: str | None) -> None:
    assert parse_range(header, size=10) == (0, 10)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_name_cannot_leave_its_header(name: str) -> None:
    value = content_disposition(name)

    assert value.isascii()
    assert value.isprintable()
    assert value.count('"') == 2
