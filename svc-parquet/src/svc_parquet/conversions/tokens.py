"""An exact, unhurried reader of delimited text, one record at a time (RFC 4180, with places).

It accepts what Python's csv module accepts: any of CR LF, LF and CR ends a record outside quotes,
and a quote inside an unquoted field is an ordinary character. Unlike that module it keeps an
unquoted empty field (None) apart from a quoted one (""), and it refuses what can only be damage:
text after a closing quote, and a quote that never closes.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from svc_parquet.conversions.dialect import LF, count_byte

_LINE_END = re.compile(rb"\r\n|\n|\r")
_QUOTED = re.compile(rb'"([^"]*(?:""[^"]*)*)"(?!")')


@dataclass(frozen=True)
class Record:
    """A record that could be split: raw fields, None for an unquoted empty one, and its end."""

    fields: list[bytes | None]
    end: int


@dataclass(frozen=True)
class Damaged:
    """A record that could not be split. `end` is where the next physical line begins."""

    reason: str
    end: int


@dataclass(frozen=True)
class Unfinished:
    """The record reaches beyond the bytes at hand."""


@lru_cache(maxsize=16)
def _unquoted(delimiter: int) -> re.Pattern[bytes]:
    return re.compile(rb"[^\r\n" + re.escape(bytes([delimiter])) + rb"]*")


def read_record(
    data: bytes, start: int, *, delimiter: int, final: bool
) -> Record | Damaged | Unfinished:
    """The record that begins at `start`.

    Args:
        data: bytes in an encoding whose ASCII range is ASCII.
        start: offset of the record's first byte; must be below `len(data)`.
        delimiter: the delimiter's byte value.
        final: whether the file ends where `data` ends.
    """
    fields: list[bytes | None] = []
    place = start
    while True:
        quoted = data[place : place + 1] == b'"'
        match = (_QUOTED if quoted else _unquoted(delimiter)).match(data, place)
        if match is None:
            if not final:
                return Unfinished()
            return _damaged(data, start, reason="a quote is opened and never closed", final=True)
        fields.append(match[1].replace(b'""', b'"') if quoted else (match[0] or None))
        place = match.end()
        if place == len(data):
            return Record(fields, place) if final else Unfinished()
        if data[place] == delimiter:
            place += 1
            continue
        ending = _LINE_END.match(data, place)
        if ending is None:
            return _damaged(data, start, reason="text follows a closing quote", final=final)
        if ending.end() == len(data) and ending[0] == b"\r" and not final:
            return Unfinished()
        return Record(fields, ending.end())


def next_line(data: bytes, start: int) -> int:
    """Where the physical line after the one at `start` begins; the end of data if there is none."""
    ending = _LINE_END.search(data, start)
    return len(data) if ending is None else ending.end()


def count_lines(data: bytes) -> int:
    """How many line ends the bytes hold, inside quotes or not."""
    feeds = count_byte(data, LF)
    if b"\r" not in data:
        return feeds
    return feeds + data.count(b"\r") - data.count(b"\r\n")


def _damaged(data: bytes, start: int, *, reason: str, final: bool) -> Damaged | Unfinished:
    """Damage costs the physical line it begins on, so that line has to be at hand whole."""
    end = next_line(data, start)
    last = data[end - 1 : end]
    complete = final or last == b"\n" or (last == b"\r" and end < len(data))
    return Damaged(reason, end) if complete else Unfinished()
