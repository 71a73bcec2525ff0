"""Formats that are told by their first bytes: those with a reader, and names for the others."""

import re
from typing import Literal

Typed = Literal["parquet", "arrow", "orc", "avro"]
Container = Literal["ole", "zip", "tar"]
"""Each of several formats."""
Markup = Literal["html", "xml"]
Binary = Typed | Container | Literal["pdf"]

_READ: list[tuple[bytes, Binary]] = [
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"\xff\xff\xff\xff", "arrow"),
    (b"ORC", "orc"),
    (b"Obj\x01", "avro"),
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
]
_SIGNATURES: list[tuple[bytes, str]] = [
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\x04\x22\x4d\x18", "an LZ4 archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a Linux program"),
    (b"MZ\x90\x00", "a Windows program"),
    (b"RIFF", "a RIFF media file (such as .wav or .webp)"),
    (b"ID3", "an MP3 file"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"\x93NUMPY", "a NumPy array"),
]
_HTML = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|table)\b", re.IGNORECASE | re.DOTALL
)
_XML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml\b|!doctype\b|[A-Za-z_][\w.:-]*[\s/>])", re.IGNORECASE
)
_XHTML = re.compile(rb"<html\b|<!doctype\s+html", re.IGNORECASE)


def binary_format(head: bytes) -> Binary | None:
    """Which binary format with a reader the file has, if it has one."""
    for signature, name in _READ:
        if head.startswith(signature) and not _reads_as_text(signature, head):
            return name
    return "tar" if head[257:262] == b"ustar" else None


def markup_format(head: bytes, *, name: str) -> Markup | None:
    """Whether a file is HTML or XML; its name decides where the bytes leave it open."""
    text = _plain(head)
    if _HTML.match(text) or (name.endswith((".html", ".htm")) and b"<" in text):
        return "html"
    if _XML.match(text):
        if _XHTML.search(text[:1024]):
            return "html"
        declared = text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<?xml", b"<!"))
        return "xml" if declared or name.endswith(".xml") else None
    return None


def _plain(head: bytes) -> bytes:
    """The head with the zero bytes of UTF-16 and its mark taken out."""
    marked = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return head[2:].replace(b"\x00", b"") if marked else head


def name_of_other_format(head: bytes) -> str | None:
    """What the file is, if its first bytes (at least 300, or all) show that it is no text table."""
    for signature, name in _SIGNATURES:
        if head.startswith(signature) and not _reads_as_text(signature, head):
            return name
    if head[4:8] == b"ftyp":
        return "an MP4 or QuickTime file"
    return None


def _reads_as_text(signature: bytes, head: bytes) -> bool:
    """Whether a signature of plain letters may simply be the start of a header, such as `ORC,`."""
    return signature.isalnum() and b"\x00" not in head[:512] and b"," in head[:512]
