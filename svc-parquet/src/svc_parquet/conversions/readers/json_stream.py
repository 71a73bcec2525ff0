"""A JSON text of any size, value by value, in the memory of one value.

Values are parsed by the decoder of JSON lines (`json_rows`), so that numbers keep their digits and
doubled keys are noticed. A value that cannot be read is stepped over to the end of its brackets;
only where that end cannot be found is the text refused.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from svc_parquet.conversions.errors import MalformedRowsError, RowTooLargeError
from svc_parquet.conversions.json_rows import UnreadableJsonError, has_half_surrogates, read_value

_INK = re.compile(r"[^ \t\r\n]")
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*(?P<close>")?|[\[\]{},]', re.DOTALL)
_SURROGATE = re.compile("[\udc80-\udcff]")
_OPEN_ENDED = frozenset("-+.eE0123456789")
"""A number at the end of a block may go on in the next one."""


@dataclass(frozen=True)
class Unreadable:
    """A value that was stepped over: its bytes, its place and what is wrong with it."""

    raw: bytes
    line: int
    byte: int
    kind: str
    reason: str


class JsonStream:
    """Walks over a JSON text that comes in blocks of bytes.

    Args:
        blocks: the bytes; every block but the last holds at least one byte.
        encoding: a codec whose undecodable bytes can be escaped (PEP 383).
        first_byte: how many bytes of the file came before.
        max_value_bytes: the longest value that is read at once.
    """

    def __init__(
        self, blocks: Iterator[bytes], *, encoding: str, first_byte: int, max_value_bytes: int
    ) -> None:
        self._blocks = blocks
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
        self._limit = max_value_bytes
        self._text = ""
        self._at = 0
        self._byte = first_byte
        self._line = 1
        self._final = False
        self._escaped = False
        self.blocks = 0

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            ink = _INK.search(self._text, self._at)
            self._at = ink.start() if ink else len(self._text)
            if ink is not None:
                return ink[0]
            if not self._more():
                return ""

    def take(self, wanted: str) -> bool:
        """Step over the next character if it is one of `wanted`."""
        found = self.peek()
        if found and found in wanted:
            self._at += 1
            return True
        return False

    def value(self) -> Any:
        """The next value, or what is known of one that cannot be read.

        Raises:
            RowTooLargeError: the value does not end within the limit.
            MalformedRowsError: it is broken and its end cannot be found.
        """
        self.peek()
        while True:
            try:
                found, end = read_value(self._text, self._at)
            except UnreadableJsonError as error:
                if error.complete or not self._more():
                    return self._step_over(str(error))
                continue
            if end == len(self._text) and self._text[end - 1] in _OPEN_ENDED and self._more():
                continue
            return self._checked(found, end)

    def place(self) -> tuple[int, int]:
        """Line and byte of the next character."""
        before = self._text[: self._at]
        return self._line + before.count("\n"), self._byte + len(self._bytes(before))

    def refuse(self, reason: str) -> MalformedRowsError:
        """The error to raise when the text goes on in a way that JSON does not."""
        self.peek()
        line, byte = self.place()
        return MalformedRowsError(
            f"Line {line:,} (byte {byte:,}): {reason}. Repair the file and send it again.",
            line=line,
            byte=byte,
        )

    def _bytes(self, text: str) -> bytes:
        return text.encode(self._encoding, "surrogateescape")

    def _more(self) -> bool:
        """Drop what was read and take in another block; False at the end of the text.

        Raises:
            RowTooLargeError: what is kept already has the length of the longest value.
        """
        if self._final:
            return False
        before, kept = self._text[: self._at], self._text[self._at :]
        self._byte += len(self._bytes(before))
        self._line += before.count("\n")
        self._at = 0
        if len(kept) >= self._limit:
            raise RowTooLargeError(
                f"The JSON value at line {self._line:,} (byte {self._byte:,}) does not end within "
                f"{self._limit:,} bytes. Split it, or raise max_row_bytes.",
                line=self._line,
                byte=self._byte,
            )
        block = next(self._blocks, b"")
        self._final = not block
        self.blocks += 1
        fresh = self._decoder.decode(block, self._final)
        self._text = kept + fresh
        self._escaped = _SURROGATE.search(self._text) is not None
        return True

    def _checked(self, found: Any, end: int) -> Any:
        if has_half_surrogates(found, self._text, self._at, end):
            reason = "an escape gives half of a surrogate pair"
            return self._unreadable(end, kind="json", reason=reason)
        if self._escaped:
            written = self._text[self._at : end]
            escaped = _SURROGATE.search(written)
            if escaped is not None:
                value = ord(escaped[0]) - 0xDC00
                reason = (
                    f"byte 0x{value:02X} is not {self._encoding}; if you know the encoding, "
                    "convert again with it (such as encoding=cp1252)"
                )
                return self._unreadable(end, kind="encoding", reason=reason)
        self._at = end
        return found

    def _unreadable(self, end: int, *, kind: str, reason: str) -> Unreadable:
        line, byte = self.place()
        raw = self._bytes(self._text[self._at : end])
        self._at = end
        return Unreadable(raw, line=line, byte=byte, kind=kind, reason=reason)

    def _step_over(self, reason: str) -> Unreadable:
        """Find the end of a broken value by its brackets."""
        depth, place = 0, self._at
        while True:
            piece = _PIECE.search(self._text, place)
            if piece is None or (piece[0][0] == '"' and piece["close"] is None):
                place = (piece.start() if piece else len(self._text)) - self._at
                if not self._more():
                    raise self.refuse(f"{reason}, and the value does not end")
                continue
            mark, place = piece[0], piece.end()
            if mark in "[{":
                depth += 1
            elif mark in "]}":
                depth -= 1
            if depth < 0 or (depth == 0 and mark == ","):
                return self._unreadable(piece.start(), kind="json", reason=reason)
