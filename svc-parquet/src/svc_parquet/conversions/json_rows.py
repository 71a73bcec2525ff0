"""JSON lines, one object at a time, with every number as it was written."""

import json
from typing import Any

_PLAIN = json.JSONEncoder(ensure_ascii=False).encode


class Number(str):
    """A number's text: 1.50 stays 1.50, and no digit of a long integer is lost."""

    __slots__ = ()


class UnreadableJsonError(ValueError):
    """A line is no JSON object that a row can be made of; the message says why."""


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


def read_object(line: str) -> dict[str, Any]:
    """The object on a line (white space at its ends removed); numbers are `Number`.

    Raises:
        UnreadableJsonError: it is broken, no object, has a key twice, or holds half a surrogate.
    """
    try:
        found, end = _DECODER.raw_decode(line)
    except json.JSONDecodeError as error:
        raise UnreadableJsonError(f"broken JSON at character {error.pos}: {error.msg}") from error
    except RecursionError as error:
        raise UnreadableJsonError("objects or arrays are nested too deeply") from error
    if end != len(line):
        raise UnreadableJsonError(f"text follows the JSON value at character {end}")
    if type(found) is not dict:
        raise UnreadableJsonError("the line is JSON but no object")
    if "\\ud" in line or "\\uD" in line:
        _refuse_half_surrogates(found)
    return found


def _refuse_half_surrogates(found: dict[str, Any]) -> None:
    try:
        json_text(found).encode("utf-8")
    except UnicodeEncodeError as error:
        raise UnreadableJsonError("an escape gives half of a surrogate pair") from error


def json_text(value: Any) -> str:
    """Compact JSON of a value, with numbers as they were written."""
    if type(value) is Number:
        return value
    if type(value) is dict:
        inner = (f"{_PLAIN(key)}:{json_text(item)}" for key, item in value.items())
        return "{" + ",".join(inner) + "}"
    if type(value) is list:
        return "[" + ",".join(map(json_text, value)) + "]"
    return _PLAIN(value)
