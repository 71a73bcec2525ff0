"""What a document is, told by its bytes first and by its name where bytes do not say."""

import io
import zipfile
from pathlib import PurePosixPath

from svc_knowledgebase.documents.errors import (
    DamagedDocumentError,
    ProtectedDocumentError,
    UnknownFormatError,
    WrongFormatError,
)

HEAD = 64 * 1024

MIME: dict[str, str] = {
    "md": "text/markdown",
    "txt": "text/plain",
    "html": "text/html",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xls": "application/vnd.ms-excel",
    "odt": "application/vnd.oasis.opendocument.text",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "rtf": "application/rtf",
    "eml": "message/rfc822",
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "ttl": "text/turtle",
    "nt": "application/n-triples",
    "rdf": "application/rdf+xml",
}
"""Every format that is read, and its media type."""

_BY_SUFFIX = {
    **{f".{name}": name for name in MIME},
    ".markdown": "md",
    ".rst": "txt",
    ".text": "txt",
    ".log": "txt",
    ".htm": "html",
    ".xhtml": "html",
    ".tab": "tsv",
    ".ndjson": "jsonl",
    ".owl": "rdf",
}
_PACKED = frozenset({"docx", "pptx", "xlsx", "odt", "odp", "ods"})
_BINARY = _PACKED | {"pdf", "xls"}
_OPEN_DOCUMENT = {MIME[name].encode(): name for name in ("odt", "odp", "ods")}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def format_of(name: str, data: bytes) -> str:
    """The format of a document.

    Args:
        name: file name; only its ending is looked at.
        data: the whole document.

    Raises:
        UnknownFormatError: it is no document that is read here.
        WrongFormatError: its name claims a format which its bytes are not.
        ProtectedDocumentError: it is an encrypted Office document.
        DamagedDocumentError: it begins as an archive does and is none.
    """
    suffix = PurePosixPath(name).suffix.lower()
    named = _BY_SUFFIX.get(suffix)
    found = _by_bytes(data)
    if found == "xml":
        found = named if named in ("rdf", "html") else "html" if b"<html" in data[:HEAD] else None
        if found is None:
            raise UnknownFormatError("This is XML of a kind that is not read here.")
    if found is not None:
        return found
    if named in _BINARY:
        raise WrongFormatError(
            f"The name ends in {suffix}, and the bytes are not of that format. "
            "Give it the ending of what it is, or export it again."
        )
    if b"\0" in data[:HEAD] and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise UnknownFormatError("These are bytes of a program, a picture or the like, not text.")
    if named is None and _is_text(suffix, name):
        return "txt"
    if named is None:
        raise UnknownFormatError(
            f"Files that end in {suffix or 'nothing'} are not read. Read are: "
            f"{', '.join(sorted(_BY_SUFFIX))}."
        )
    return named


def _is_text(suffix: str, name: str) -> bool:
    """README, copyright, changelog and other names in one word are plain text."""
    return suffix == "" and not name.startswith(".")


def _by_bytes(data: bytes) -> str | None:
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        return _packed(data)
    if data.startswith(_OLE):
        return _compound(data)
    return _by_first_words(data[:HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").lower())


def _by_first_words(head: bytes) -> str | None:
    if head.startswith(b"{\\rtf"):
        return "rtf"
    if head.startswith((b"<!doctype html", b"<html")):
        return "html"
    if head.startswith(b"<?xml"):
        return "rdf" if b"<rdf:rdf" in head[:4096] else "xml"
    return None


def _packed(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            names = set(package.namelist())
            if "word/document.xml" in names:
                return "docx"
            if "ppt/presentation.xml" in names:
                return "pptx"
            if "xl/workbook.xml" in names or "xl/workbook.bin" in names:
                return "xlsx"
            if "mimetype" in names:
                with package.open("mimetype") as opened:
                    found = _OPEN_DOCUMENT.get(opened.read(200).strip())
                if found is not None:
                    return found
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError) as error:
        raise DamagedDocumentError(
            f"It begins as a packed document and cannot be unpacked: {error}. Export it again."
        ) from error
    raise UnknownFormatError("This is an archive. Unpack it: its files are read one by one.")


def _compound(data: bytes) -> str:
    if _ENCRYPTED in data:
        raise ProtectedDocumentError("It is encrypted. Save it without a password.")
    if "Workbook".encode("utf-16-le") in data or "Book".encode("utf-16-le") in data[:HEAD]:
        return "xls"
    raise UnknownFormatError(
        "This is a document of Office 97-2003. Save it as .docx or .pptx, or as PDF."
    )
