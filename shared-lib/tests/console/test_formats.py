"""Numbers as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_lib.console.formats import (
    MINUS,
    TIMES,
    count_of,
    format_bytes,
    format_change,
    format_duration,
    format_rate,
    format_shape,
    format_share,
    printable,
    sparkline,
    tab_separated,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.00 kB"),
        (9_996, "10.0 kB"),
        (99_960, "100 kB"),
        (412_000_000, "412 MB"),
        (999_499_999, "999 MB"),
        (999_500_000, "1.00 GB"),
        (10**21, "1,000 EB"),
    ],
)
def test_bytes_have_three_digits(value: int, shown: str) -> None:
    assert format_bytes(value) == shown


@given(st.integers(min_value=0, max_value=10**20))
def test_bytes_are_within_half_a_percent(value: int) -> None:
    number, unit = format_bytes(value).split(" ")
    power = ["B", "kB", "MB", "GB", "TB", "PB", "EB"].index(unit)
    shown = float(number.replace(",", "")) * 1000**power

    assert abs(shown - value) <= 0.0051 * value


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0401, "40 ms"),
        (0.9999, "1.0 s"),
        (3.14, "3.1 s"),
        (59.96, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.6, "1 h 00 min"),
        (3720, "1 h 02 min"),
        (86_399.7, "1 d 00 h"),
        (3 * 86_400 + 4 * 3_600, "3 d 04 h"),
    ],
)
def test_durations_have_two_parts_at_most(seconds: float, shown: str) -> None:
    assert format_duration(seconds) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 10, "0 %"),
        (1, 10_000, "<0.1 %"),
        (2, 1_000, "0.2 %"),
        (1, 2, "50 %"),
        (9_999, 10_000, ">99.9 %"),
        (10, 10, "100 %"),
    ],
)
def test_a_share_never_claims_all_or_none_wrongly(part: int, whole: int, shown: str) -> None:
    assert format_share(part, whole) == shown


def test_changes_carry_their_sign() -> None:
    assert format_change(412, 121) == f"{MINUS}71 %"
    assert format_change(100, 104) == "+4 %"
    assert format_change(0, 5) == "±0 %"
    assert format_change(1000, 1001) == "±0 %"


def test_rates_and_counts() -> None:
    assert format_rate(2_500_000, unit="bytes") == "2.50 MB/s"
    assert format_rate(1234.5, unit="rows") == "1,234 rows/s"
    assert count_of(1, "file") == "1 file"
    assert count_of(2_000, "file") == "2,000 files"
    assert format_shape(1, 2_000) == f"1 row {TIMES} 2,000 columns"
    assert count_of(2, "entry", plural="entries") == "2 entries"


@given(st.lists(st.integers(min_value=0, max_value=10**9), max_size=30))
def test_a_sparkline_has_a_bar_a_count_and_shows_what_is_not_zero(counts: list[int]) -> None:
    bars = sparkline(counts)

    assert len(bars) == len(counts)
    assert all((bar == "▁") == (count == 0) for bar, count in zip(bars, counts, strict=True))
    if any(counts):
        assert bars[counts.index(max(counts))] == "█"


@given(st.text())
def test_printable_text_cannot_steer_a_terminal(text: str) -> None:
    assert "\x1b" not in printable(text)
    assert "\u202e" not in printable(text)
    assert printable(printable(text)) == printable(text)


def test_letters_of_all_languages_stay() -> None:
    assert printable("Größe 価格 é") == "Größe 価格 é"
    assert printable("a\x1b[31mb") == "a\\x1b[31mb"


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_tab_separated_cells_can_be_taken_apart_again(cells: list[str]) -> None:
    line = tab_separated(cells)
    names = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}

    def back(cell: str) -> str:
        parts, at = [], 0
        while at < len(cell):
            step = 2 if cell[at] == "\\" else 1
            parts.append(names.get(cell[at : at + step], cell[at : at + step]))
            at += step
        return "".join(parts)

    assert "\n" not in line
    assert [back(cell) for cell in line.split("\t")] == cells
