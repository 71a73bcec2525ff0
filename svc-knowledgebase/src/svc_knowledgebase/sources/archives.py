"""A landed archive as the folder that it holds: its members are files below its own path.

Members are taken out one by one into a scratch folder under names of our own, within limits, so
that neither a name in the archive nor a link leads anywhere.
"""

import hashlib
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from shared_lib.contracts.knowledge import FileFate
from svc_knowledgebase.building.assembly import SourceFile
from svc_knowledgebase.building.selection import Selector

_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
MOST_MEMBERS = 100_000
MOST_BYTES = 4 * 1024**3
"""What the members of one archive may take together."""
_CHUNK = 1024 * 1024
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,  # how zipfile tells of encryption, and by a subclass of methods it has not
)


@dataclass(frozen=True)
class Unpacked:
    """A member; one that was not selected has no place and no hash, one that was not read a fate.

    Attributes:
        place: where its bytes lie.
    """

    file: SourceFile
    place: Path | None
    selected: bool = True


@dataclass(frozen=True)
class _Member:
    name: str
    bytes: int
    link: bool
    opener: "_Open"
    protected: bool = False


class _Open:
    """Opens one member, once."""

    def __init__(self, archive: zipfile.ZipFile | tarfile.TarFile, member: object) -> None:
        self._archive = archive
        self._member = member

    def __call__(self) -> IO[bytes]:
        if isinstance(self._archive, zipfile.ZipFile):
            assert isinstance(self._member, zipfile.ZipInfo)  # noqa: S101 - as it was made
            return self._archive.open(self._member)
        assert isinstance(self._member, tarfile.TarInfo)  # noqa: S101 - as it was made
        opened = self._archive.extractfile(self._member)
        assert opened is not None  # noqa: S101 - a regular file
        return opened


def is_archive(path: str) -> bool:
    """Whether a file's name says that it is one."""
    return path.lower().endswith(_ENDINGS)


def unpack(archive: Path, path: str, selector: Selector, *, into: Path) -> Iterator[Unpacked]:
    """The members of an archive in its order; when it breaks off, the archive is one that failed.

    Args:
        archive: where it lies.
        path: of the archive, below which its members are.
        selector: which members are taken out.
        into: an empty folder.
    """
    left, size = MOST_BYTES, archive.stat().st_size
    try:
        for number, member in enumerate(_members(archive)):
            if number >= MOST_MEMBERS:
                yield _failed(path, size, "It has more than 100,000 members. Split it.", too=True)
                return
            below = f"{path}/{member.name}"
            refused = _refusal(member)
            if not selector.selects(below):
                yield Unpacked(SourceFile(below, member.bytes, None), None, selected=False)
            elif refused is not None:
                yield Unpacked(_unread(path, member, *refused), None)
            else:
                taken = _take_out(member, below, into / str(number), most=left)
                left -= taken.file.bytes
                if left < 0:
                    detail = f"It unpacks to more than {MOST_BYTES:,} bytes. Split it."
                    yield _failed(path, size, detail, too=True)
                    return
                yield taken
    except _DAMAGED as error:
        yield _failed(path, size, f"It cannot be unpacked to its end: {error}. Pack it again.")


def _refusal(member: _Member) -> tuple[str, str] | None:
    """Code and reason of a member that is not taken out."""
    if not _is_inside(member.name):
        return "unsafe_name", "Its name leads out of the archive. Pack it again with plain names."
    if member.link:
        return "link", "It is a link. Links are not followed: what they point at is read itself."
    if member.protected:
        return "protected_document", "It is encrypted. Pack it without a password."
    return None


def _members(archive: Path) -> Iterator[_Member]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            for each in opened.infolist():
                if not each.is_dir():
                    link = stat.S_ISLNK(each.external_attr >> 16)
                    locked = bool(each.flag_bits & 1)
                    opener = _Open(opened, each)
                    yield _Member(
                        each.filename, each.file_size, link, opener=opener, protected=locked
                    )
        return
    with tarfile.open(archive) as opened_tar:
        for entry in opened_tar:
            if not entry.isdir():
                name = entry.name.removeprefix("./")
                yield _Member(name, entry.size, not entry.isreg(), opener=_Open(opened_tar, entry))


def _take_out(member: _Member, below: str, place: Path, *, most: int) -> Unpacked:
    digest, size = hashlib.sha256(), 0
    with member.opener() as source, place.open("wb") as target:
        while size <= most and (chunk := source.read(_CHUNK)):
            digest.update(chunk)
            target.write(chunk)
            size += len(chunk)
    return Unpacked(SourceFile(below, size, digest.hexdigest()), place)


def _is_inside(name: str) -> bool:
    parts = name.split("/")
    plain = not any(part in ("", ".", "..") for part in parts)
    return plain and "\\" not in name and "\0" not in name


def _unread(path: str, member: _Member, code: str, detail: str) -> SourceFile:
    name = member.name.replace("\\", "/").replace("\0", "")
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    below = "/".join([path, *(parts or ["unnamed"])])
    fate = "skipped" if code == "link" else "failed"
    told = FileFate.model_validate(
        {"path": below, "bytes": member.bytes, "sha256": None, "fate": fate, "code": code,
         "detail": detail}
    )  # fmt: skip
    return SourceFile(below, member.bytes, None, told)


def _failed(path: str, size: int, detail: str, *, too: bool = False) -> Unpacked:
    code = "document_too_large" if too else "damaged_document"
    told = FileFate(path=path, bytes=size, sha256=None, fate="failed", code=code, detail=detail)
    return Unpacked(SourceFile(path, size, None, told), None)
