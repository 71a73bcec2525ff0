"""Cells of spreadsheets: their kinds, and their text where a column has several kinds."""

import datetime as dt
import re
from decimal import Decimal
from typing import Literal

Cell = None | str | bool | float | dt.datetime | dt.date | dt.time | dt.timedelta
Form = Literal[
    "none", "text", "string", "number", "boolean", "date", "datetime", "time", "duration", "mixed"
]

_FORMS: dict[type, Form] = {
    str: "string",
    float: "number",
    int: "number",
    bool: "boolean",
    dt.date: "date",
    dt.datetime: "datetime",
    dt.time: "time",
    dt.timedelta: "duration",
}
_EXACT = 2**53
"""Below it a double is an integer exactly when it says so."""
_SURE_DIGITS = 15
"""Every decimal of so many digits comes back from a double."""
_LONG_INTEGER = re.compile(r"-?[0-9]{16,400}")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")


class Digits(str):
    """A number whose digits a double may not hold."""

    __slots__ = ()


def beyond_double(text: str) -> bool:
    """Whether the digits of a number have to be kept as they are written.

    Integers of 16 digits and more are, so that they stay integers. Other numbers are when the
    double that is nearest to them is written otherwise: in its shortest form, and by as many digits
    as the number has (programs write 15 to 17).
    """
    if len(text) <= _SURE_DIGITS:
        return False
    if _LONG_INTEGER.fullmatch(text):
        return True
    if not _NUMBER.fullmatch(text):
        return False
    written, double = Decimal(text), float(text)
    digits = len(written.as_tuple().digits)
    return written != Decimal(repr(double)) and written != Decimal(f"{double:.{min(digits, 17)}g}")


def form_of(kinds: set[type]) -> Form:
    """The form of cells of these types; dates beside moments are moments at midnight."""
    forms = {_FORMS.get(kind, "string") for kind in kinds if kind is not type(None)}
    return join_forms(forms)


def join_forms(forms: set[Form]) -> Form:
    """The form of a column some of whose stretches have these."""
    forms = forms - {"none"}
    if not forms:
        return "none"
    if len(forms) == 1:
        return next(iter(forms))
    return "datetime" if forms == {"date", "datetime"} else "mixed"


def cell_text(value: Cell) -> str | None:
    """A cell as text: numbers by their shortest digits, times by ISO 8601, durations as h:mm:ss."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | int):
        return number_text(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.timedelta):
        return duration_text(value)
    return value.isoformat()


def number_text(value: float) -> str:
    """Without `.0` where the number is an integer."""
    if abs(value) < _EXACT and value == int(value) and (value or str(value)[0] != "-"):
        return str(int(value))
    return repr(value)


def duration_text(value: dt.timedelta) -> str:
    """Hours (any number of them), minutes, seconds and what is left of one."""
    sign = "-" if value < dt.timedelta() else ""
    seconds, rest = divmod(abs(value) // dt.timedelta(microseconds=1), 1_000_000)
    hours, seconds = divmod(seconds, 3600)
    fraction = f".{rest:06d}".rstrip("0") if rest else ""
    return f"{sign}{hours}:{seconds // 60:02d}:{seconds % 60:02d}{fraction}"
