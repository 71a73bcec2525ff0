"""Where the records of delimited text end, found with vector operations and proved.

A stretch of text is *sound* when every quote in it opens a field, closes one, or is doubled inside
one, and no line end of another kind lies outside quotes. In a sound stretch a line end lies outside
quotes exactly when an even number of quotes precedes it, whatever the fields hold.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from svc_parquet.conversions.dialect import CR, LF, QUOTE, Positions, positions_of

_Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Sound:
    """The sound stretch at the start of some bytes.

    Attributes:
        cut: its length; it ends with a record.
        damaged: what follows is damage, not merely a record that goes on.
        ends: positions of the record ends, or None when the stretch has no quote at all.
    """

    cut: int
    damaged: bool
    ends: Positions | None


def sound_prefix(data: bytes, *, delimiter: int, eol: bytes, final: bool) -> Sound:
    """The longest sound stretch of whole records at the start of `data`.

    `data` begins with a record. With `final` it ends with one too, even without a line end.
    """
    foreign = _has_foreign_ends(data, eol=eol, final=final)
    if QUOTE not in data and not foreign:
        return Sound(len(data) if final else data.rfind(eol) + 1, damaged=False, ends=None)
    array = np.frombuffer(data, dtype=np.uint8)
    quotes = positions_of(data, QUOTE)
    limit = _first_damage(array, quotes, delimiter=delimiter)
    if foreign:
        limit = min(limit, _first_foreign_end(array, quotes, eol=eol))
    damaged = limit < len(data)
    if not damaged and len(quotes) % 2:
        limit = int(quotes[-1])
        damaged = final
    ends = positions_of(data, eol[0], end=limit)
    ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    if limit == len(data) and final:
        return Sound(limit, damaged=False, ends=ends)
    return Sound(int(ends[-1]) + 1 if len(ends) else 0, damaged=damaged, ends=ends)


def _first_damage(array: _Bytes, quotes: Positions, *, delimiter: int) -> int:
    """Position of the first quoted field that is not well formed, or the length of the array."""
    even = len(quotes) // 2 * 2
    opening, closing = quotes[0::2], quotes[1:even:2]
    allowed = np.zeros(256, dtype=np.bool_)
    allowed[[delimiter, LF, CR, QUOTE]] = True
    before = allowed[array[opening - 1]] | (opening == 0)
    after = allowed[array[np.minimum(closing + 1, len(array) - 1)]] | (closing == len(array) - 1)
    first = len(array)
    if not before.all():
        first = min(first, int(opening[np.argmin(before)]))
    if not after.all():
        first = min(first, int(opening[np.argmin(after)]))
    return first


def _has_foreign_ends(data: bytes, *, eol: bytes, final: bool) -> bool:
    """Whether a line end of another kind occurs anywhere, inside quotes or not."""
    if eol == b"\r":
        return b"\n" in data
    if b"\r" not in data:
        return False
    lone = data.count(b"\r") - data.count(b"\r\n")
    return lone > (0 if final or not data.endswith(b"\r") else 1)


def _first_foreign_end(array: _Bytes, quotes: Positions, *, eol: bytes) -> int:
    if eol == b"\r":
        ends = np.flatnonzero(array == LF)
    else:
        ends = np.flatnonzero(array == CR)
        ends = ends[array[np.minimum(ends + 1, len(array) - 1)] != LF]
    outside = ends[np.searchsorted(quotes, ends) % 2 == 0]
    return int(outside[0]) if len(outside) else len(array)


def empty_last_fields(data: bytes, ends: Positions | None, *, delimiter: int, eol: bytes) -> int:
    """How many records of a sound stretch end with a delimiter, so that their last field is empty.

    `data` ends with a line end.
    """
    mark = bytes([delimiter])
    if ends is None:
        carriage = eol == b"\n" and b"\r" in data
        return data.count(mark + eol) + (data.count(mark + b"\r\n") if carriage else 0)
    array = np.frombuffer(data, dtype=np.uint8)
    inner = ends[ends > 0]
    last = array[inner - 1]
    if eol == b"\n":
        last = np.where((last == CR) & (inner > 1), array[inner - 2], last)
    return int(np.count_nonzero(last == delimiter))
