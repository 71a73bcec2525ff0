"""Archives: each file in one is taken out alone, converted, and dropped again, within limits.

Names never become paths: a file is taken out under its last name into a folder of ours. Entries
that are links, devices, encrypted or named so that they would leave it are listed, not followed.
"""

import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from shared_lib.contracts.conversions import ConversionOptions, TableSource
from svc_parquet.conversions.errors import (
    ConversionError,
    DamagedFileError,
    DecompressionLimitError,
    LeftOutError,
    ProtectedFileError,
    TooManyEntriesError,
    UnsafeEntryError,
)
from svc_parquet.conversions.found import source_at
from svc_parquet.conversions.naming import ENDINGS

MOST_ENTRIES = 100_000
MOST_NESTED = 3
"""How deep archives may lie in archives."""
_USUAL_RATIO = 200
"""Tables seldom pack better; `max_decompression_ratio`, when it is given, counts instead."""
_RATIO_APPLIES_FROM = 64 * 1024 * 1024
_BLOCK = 1024 * 1024
_ENCRYPTED = 0x1
_DRIVE = re.compile(r"[A-Za-z]:")


class Budget:
    """What all entries of an archive, and of archives in it, may take together."""

    def __init__(self, archive: Path, *, options: ConversionOptions) -> None:
        self._packed = max(archive.stat().st_size, 1)
        self._most = options.max_decompressed_bytes
        given = "max_decompression_ratio" in options.model_fields_set
        self._ratio = options.max_decompression_ratio if given else _USUAL_RATIO
        self._entries = 0
        self._bytes = 0

    def count_entry(self) -> None:
        """Count an entry.

        Raises:
            TooManyEntriesError: there are too many.
        """
        self._entries += 1
        if self._entries > MOST_ENTRIES:
            raise TooManyEntriesError(
                f"The archive has more than {MOST_ENTRIES:,} entries. Split it."
            )

    def count_bytes(self, size: int) -> None:
        """Count unpacked bytes.

        Raises:
            DecompressionLimitError: there are too many, in all or for the size of the archive.
        """
        self._bytes += size
        dense = self._bytes > _RATIO_APPLIES_FROM and self._bytes > self._ratio * self._packed
        if dense or self._bytes > self._most:
            raise DecompressionLimitError(
                f"The archive unpacks to more than {self._bytes:,} bytes from {self._packed:,} "
                "packed ones, which is over the limit. Split it, or raise "
                "max_decompressed_bytes or max_decompression_ratio."
            )


@dataclass(frozen=True)
class Entry:
    """A file of an archive: taken out, or the reason why it was not."""

    path: str
    file: Path | None
    refused: ConversionError | None = None

    @property
    def source(self) -> TableSource:
        """Where it stands in the tree."""
        return source_at(self.path)


def zip_entries(path: Path, *, folder: Path, budget: Budget) -> Iterator[Entry]:
    """The files of a zip archive, each there until the next one is asked for."""
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            budget.count_entry()
            if info.is_dir():
                continue
            mode = info.external_attr >> 16
            reason = _unsafe(info.filename)
            if stat.S_ISLNK(mode):
                reason = "it is a link"
            refused = _refusal(info.filename, reason)
            if refused is None and info.flag_bits & _ENCRYPTED:
                refused = ProtectedFileError(
                    "The entry is protected by a password. Pack it without one."
                )
            if refused is not None:
                yield Entry(_shown(info.filename), None, refused)
                continue
            try:
                with archive.open(info) as file:
                    yield from _taken_out(file, info.filename, folder=folder, budget=budget)
            except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
                yield Entry(_shown(info.filename), None, _damaged(error))


def tar_entries(path: Path, *, folder: Path, budget: Budget) -> Iterator[Entry]:
    """The files of a tar archive, each there until the next one is asked for."""
    try:
        with tarfile.open(path, "r:") as archive:
            for info in archive:
                budget.count_entry()
                if info.isdir():
                    continue
                reason = _unsafe(info.name)
                if not info.isreg():
                    reason = "it is a link or a device"
                refused = _refusal(info.name, reason)
                file = None if refused else archive.extractfile(info)
                if refused is not None or file is None:
                    yield Entry(_shown(info.name), None, refused)
                    continue
                with file:
                    yield from _taken_out(file, info.name, folder=folder, budget=budget)
    except (tarfile.TarError, EOFError) as error:
        raise DamagedFileError(
            f"{path.name} is a damaged or cut tar archive ({error}). Send it again."
        ) from error


def _taken_out(file: IO[bytes], name: str, *, folder: Path, budget: Budget) -> Iterator[Entry]:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / PurePosixPath(name).name
    try:
        with target.open("wb") as out:
            while block := file.read(_BLOCK):
                budget.count_bytes(len(block))
                out.write(block)
        yield Entry(name, target)
    finally:
        target.unlink(missing_ok=True)


def _refusal(name: str, reason: str | None) -> ConversionError | None:
    if reason is not None:
        return UnsafeEntryError(
            f"The entry was not taken out: {reason}. Pack the file itself, under a plain path."
        )
    if not name.lower().endswith(tuple(ENDINGS)):
        return LeftOutError("Its ending is that of no table. Convert it by itself if it is one.")
    return None


def _unsafe(name: str) -> str | None:
    """Why a name could lead out of a folder, if it could."""
    steps = name.split("/")
    if name.startswith("/") or _DRIVE.match(name):
        return "its path is absolute"
    if ".." in steps:
        return "its path has `..`"
    if "\\" in name or any(ord(letter) < 32 for letter in name):
        return "its path has a backslash or a control character"
    if len(steps[-1].encode("utf-8", "surrogatepass")) > 255:
        return "its name is too long"
    return None


def _shown(name: str) -> str:
    """A name that can be written into a report whatever it holds."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")[:1000]


def _damaged(error: Exception) -> DamagedFileError:
    return DamagedFileError(f"The entry is damaged ({error}). Pack it again.")
