"""Packed documents (docx, pptx, odt): members are read within limits, XML without entities."""

import io
import re
import zipfile
from xml.etree import ElementTree as ET

from svc_knowledgebase.documents.blocks import DocumentLimits
from svc_knowledgebase.documents.errors import (
    DamagedDocumentError,
    DocumentTooLargeError,
    ProtectedDocumentError,
)

_DOCTYPE = re.compile(rb"<\0?!\0?D\0?O\0?C\0?T\0?Y\0?P\0?E")


class Package:
    """The members of a packed document.

    Raises:
        DamagedDocumentError: it is no archive.
        DocumentTooLargeError: its members are larger than the limit together.
    """

    def __init__(self, data: bytes, limits: DocumentLimits) -> None:
        self._left = limits.unpacked_bytes
        self._archive = check_package(data, limits)
        self.names = frozenset(self._archive.namelist())
        self._listing = "\n".join(self.names)

    def has(self, part: str) -> bool:
        """Whether any member's name has this in it."""
        return part in self._listing

    def read(self, name: str) -> bytes:
        """A member's bytes, which count for the limit.

        Raises:
            DocumentTooLargeError: more than is allowed.
            DamagedDocumentError: it cannot be unpacked.
            ProtectedDocumentError: it is encrypted.
        """
        try:
            # No more is unpacked than its header says; a header that lies breaks the checksum.
            size = self._archive.getinfo(name).file_size
            with self._archive.open(name) as opened:
                data = opened.read(size) + opened.read(1)
        except RuntimeError as error:
            raise ProtectedDocumentError("It is encrypted. Save it without a password.") from error
        except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, ValueError) as error:
            raise DamagedDocumentError(f"{name} cannot be unpacked: {error}.") from error
        self._left -= len(data)
        if self._left < 0:
            raise DocumentTooLargeError("It unpacks to more than a document may have.")
        return data

    def xml(self, name: str) -> ET.Element | None:
        """A member's XML, None when there is no such member.

        Raises:
            DamagedDocumentError: it is not well formed, or declares entities.
        """
        if name not in self.names:
            return None
        data = self.read(name)
        if _DOCTYPE.search(data[:65536]):
            raise DamagedDocumentError(
                f"{name} declares a document type. Office documents never do, and its entities "
                "could unpack without end."
            )
        try:
            return ET.fromstring(data)  # noqa: S314 - without a document type there is no entity
        except (ET.ParseError, RecursionError) as error:
            raise DamagedDocumentError(f"{name} is not well-formed XML: {error}.") from error

    def related(self, name: str) -> dict[str, str]:
        """What a member refers to, by the reference's id; targets are names of members."""
        folder, _, file = name.rpartition("/")
        found: dict[str, str] = {}
        for each in self._relations(f"{folder}/_rels/{file}.rels"):
            target = each.get("Target", "")
            if each.get("TargetMode") != "External":
                found[each.get("Id", "")] = _join(folder, target)
        return found

    def _relations(self, name: str) -> list[ET.Element]:
        root = self.xml(name)
        return list(root) if root is not None else []


def check_package(data: bytes, limits: DocumentLimits) -> zipfile.ZipFile:
    """The archive, when what its members say of themselves is within the limits.

    Raises:
        DamagedDocumentError: it is no archive.
        DocumentTooLargeError: its members are larger than the limit together.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        raise DamagedDocumentError(f"It cannot be unpacked: {error}. Export it again.") from error
    total = sum(member.file_size for member in archive.infolist())
    if total > limits.unpacked_bytes:
        raise DocumentTooLargeError(
            f"It would unpack to {total:,} bytes; a document may have {limits.unpacked_bytes:,}."
        )
    return archive


def _join(folder: str, target: str) -> str:
    if target.startswith("/"):
        return target[1:]
    parts = folder.split("/") if folder else []
    for part in target.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
