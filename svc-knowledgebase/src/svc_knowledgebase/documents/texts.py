"""Bytes to text: byte order marks, what the document declares, UTF-8, and then Windows-1252."""

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def decode(data: bytes, *, declared: str | None = None) -> tuple[str, list[str]]:
    """The text, and a note when its encoding had to be supposed.

    Bytes that the encoding does not have become U+FFFD, and the note counts them.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding)
    if declared is not None and _known(declared):
        return _decoded(data, declared)
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        text, notes = _decoded(data, "cp1252")
        return text, [*notes, "It is not UTF-8 and was read as Windows-1252."]


def tidy(text: str) -> str:
    """Line ends as `\\n`, without control characters that no text needs."""
    if text.isprintable():  # most pieces are one line of plain signs
        return text
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _decoded(data: bytes, encoding: str) -> tuple[str, list[str]]:
    text = data.decode(encoding, "replace")
    lost = text.count("\ufffd")
    notes = [f"{lost} places are not {encoding} and became U+FFFD."] if lost else []
    return text, notes


def _known(encoding: str) -> bool:
    try:
        # A codec such as `hex` is no text encoding.
        return bool(codecs.lookup(encoding)._is_text_encoding)  # noqa: SLF001 - codecs has no other way
    except (LookupError, ValueError, AttributeError):
        return False
