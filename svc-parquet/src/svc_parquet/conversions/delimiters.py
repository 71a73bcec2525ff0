"""Tells the delimiter, the width and the line ends of delimited text from its head."""

import re
from collections import Counter

from shared_lib.contracts.conversions import ConversionOptions
from svc_parquet.conversions.dialect import Newline
from svc_parquet.conversions.tokens import Record, Unfinished, read_record

_DELIMITERS = ",;\t|"
_CONSISTENT = 0.7
_SAMPLE_RECORDS = 2000
_FIRST_WIDTH_SHARE = 0.1
_REMARKS = re.compile(rb"(?:#[^\r\n]*(?:\r\n|\r|\n))*")
_MOST_REMARKS = 4096
"""More than so many bytes of them would not fit into the notes, where they are kept."""

Fields = list[bytes | None]


def sample_records(text: bytes, *, delimiter: str, whole: bool) -> list[Fields]:
    """The first records that can be read; damaged and blank ones are left out.

    When the head ends within its first record, that record is read as far as it goes.
    """
    records: list[Fields] = []
    place = 0
    while place < len(text) and len(records) < _SAMPLE_RECORDS:
        record = read_record(text, place, delimiter=ord(delimiter), final=whole or not records)
        if isinstance(record, Unfinished):
            break
        if isinstance(record, Record) and record.fields != [None]:
            records.append(record.fields)
        place = record.end
    return records


def leading_remarks(text: bytes) -> bytes:
    """The lines at the start that begin with `#`, when they are few and other lines follow."""
    found = _REMARKS.match(text)
    remarks = found[0] if found else b""
    follows = text[len(remarks) :].strip()
    return remarks if follows and len(remarks) <= _MOST_REMARKS else b""


def tell_delimiter(
    text: bytes, *, tab: bool, options: ConversionOptions, whole: bool, hint: bytes | None
) -> tuple[str, str]:
    """The delimiter and how it was told.

    Among comma, semicolon, tab and pipe the one wins that gives most rows the same number of
    fields, two at least, in at least 70 % of them. When none does, the file has one column.
    """
    if options.delimiter is not None:
        return options.delimiter, "given"
    if hint is not None:
        return hint.decode("ascii"), "the file's `sep=` line"
    best: tuple[float, int, str] | None = None
    for delimiter in "\t,;|" if tab else _DELIMITERS:
        if delimiter.encode() not in text:
            continue  # one field everywhere
        records = sample_records(text, delimiter=delimiter, whole=whole)
        width, share = _common_width(records)
        if width < 2 or share < _CONSISTENT:
            continue
        if best is None or (round(share, 3), width) > best[:2]:
            best = (round(share, 3), width, delimiter)
    if best is None:
        only = "\t" if tab else ","
        return only, "no delimiter splits the rows evenly: one column"
    share, width, delimiter = best
    return delimiter, f"splits {share:.0%} of the first rows into {width} fields"


def tell_width(records: list[Fields]) -> int:
    """The number of fields a row must have: the first row's if a tenth share it, else the usual."""
    if not records:
        return 1
    widths = Counter(map(len, records))
    first = len(records[0])
    if widths[first] >= max(2, len(records) * _FIRST_WIDTH_SHARE) or len(widths) == 1:
        return first
    return _common_width(records)[0]


def _common_width(records: list[Fields]) -> tuple[int, float]:
    """The most frequent number of fields (the earliest of equals) and its share."""
    if not records:
        return 1, 0.0
    width, count = Counter(map(len, records)).most_common(1)[0]
    return width, count / len(records)


def tell_newline(text: bytes) -> Newline:
    """Which line ends the head has; `mixed` is more than one kind, with line feeds among them."""
    both = text.count(b"\r\n")
    feeds, returns = text.count(b"\n") - both, text.count(b"\r") - both
    if returns and not feeds and not both:
        return "cr"
    if both and not feeds and not returns:
        return "crlf"
    return "mixed" if both or returns else "lf"
