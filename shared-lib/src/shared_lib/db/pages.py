"""Keyset pages: a cursor is the last row's sort key, so page 1,000 costs what page 1 costs."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from shared_lib.contracts.errors import InvalidInputError

RowT = TypeVar("RowT")

MAX_PAGE = 500


class InvalidCursorError(InvalidInputError):
    """The cursor did not come from this list."""

    code = "invalid_cursor"
    title = "The cursor is not one of ours"


@dataclass(frozen=True)
class KeysetPage(Generic[RowT]):
    """Rows of one page and the cursor of the next, None at the end."""

    rows: list[RowT]
    next: str | None


def encode_cursor(key: str) -> str:
    """An opaque, URL-safe cursor for the sort key of the last row."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> str:
    """The sort key in a cursor.

    Raises:
        InvalidCursorError: it is not one that `encode_cursor` made.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        key = None
    if not (isinstance(key, str) and key.isascii() and key.isprintable()):
        raise _foreign_cursor()
    return key


def _foreign_cursor() -> InvalidCursorError:
    return InvalidCursorError(
        "`cursor` must be the `next` of an earlier page of the same list. "
        "Leave it out to start at the beginning.",
        field="cursor",
    )


def _key_in(cursor: str, *, like: InstrumentedAttribute[Any]) -> str | int:
    """The cursor's sort key, in the type of the column that is sorted by."""
    key = decode_cursor(cursor)
    if like.type.python_type is not int:
        return key
    if not key.isdecimal():
        raise _foreign_cursor()
    return int(key)


def read_page(
    session: Session,
    *,
    query: Select[Any],
    key: InstrumentedAttribute[str] | InstrumentedAttribute[int],
    limit: int,
    cursor: str | None,
) -> KeysetPage[Any]:
    """One page of `query`, newest first by `key`: a time-ordered id or a number, unique in it.

    Raises:
        InvalidCursorError: it is of another list.
    """
    if cursor is not None:
        query = query.where(key < _key_in(cursor, like=key))
    rows = list(session.scalars(query.order_by(key.desc()).limit(limit + 1)))
    if len(rows) <= limit:
        return KeysetPage(rows=rows, next=None)
    rows = rows[:limit]
    return KeysetPage(rows=rows, next=encode_cursor(str(getattr(rows[-1], key.key))))
