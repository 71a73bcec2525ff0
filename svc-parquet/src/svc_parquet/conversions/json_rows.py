"""JSON lines, one object at a time, with every number as it was written."""

import json
from typing import Any

_PLAIN = json.JSONEncoder(ensure_ascii=False).encode


class Number(str):
    """A number's text: 1.50 stays 1.50, and no digit of a long integer is lost."""

    __slots__ = ()


class UnreadableJsonError(ValueError):
    """A text is no JSON value that a row can be made of; the message says why.

    `complete` says that more text could not mend it.
    """

    def __init__(self, reason: str, *, complete: bool = True) -> None:
        super().__init__(reason)
        self.complete = complete


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UnreadableJsonError(f"the key {twice!r} occurs twice in one object")
    return found


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=Number, parse_float=Number, parse_constant=Number
)


_LONGEST_TOKEN = 16
"""An error so far before the end of the text is not for want of more of it."""


def read_object(line: str) -> dict[str, Any]:
    """The object on a line (white space at its ends removed); numbers are `Number`.

    Raises:
        UnreadableJsonError: it is broken, no object, has a key twice, or holds half a surrogate.
    """
    found, end = read_value(line, 0)
    if end != len(line):
        raise UnreadableJsonError(f"text follows the JSON value at character {end}")
    if type(found) is not dict:
        raise UnreadableJsonError("the line is JSON but no object")
    if has_half_surrogates(found, line, 0, end):
        raise UnreadableJsonError("an escape gives half of a surrogate pair")
    return found


def read_value(text: str, start: int) -> tuple[Any, int]:
    """The value that begins at `start`, and where it ends; numbers are `Number`.

    Raises:
        UnreadableJsonError: it is broken or has a key twice.
    """
    try:
        return _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise UnreadableJsonError(
            f"broken JSON at character {error.pos - start}: {error.msg}",
            complete=error.pos + _LONGEST_TOKEN < len(text) and "nterminated" not in error.msg,
        ) from error
    except RecursionError as error:
        raise UnreadableJsonError("objects or arrays are nested too deeply") from error


def has_half_surrogates(found: Any, text: str, start: int, end: int) -> bool:
    """Whether a value, read from this stretch of text, holds half of a surrogate pair."""
    if text.find("\\ud", start, end) < 0 and text.find("\\uD", start, end) < 0:
        return False
    try:
        json_text(found).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def json_text(value: Any) -> str:
    """Compact JSON of a value, with numbers as they were written."""
    if type(value) is Number:
        return value
    if type(value) is dict:
        inner = (f"{_PLAIN(key)}:{json_text(item)}" for key, item in value.items())
        return "{" + ",".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(json_text, value)) + "]"
    return _PLAIN(value)
