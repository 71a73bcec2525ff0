"""Bytes of a file in blocks: plain or gzip, with limits, and with a place for every failure."""

import zlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self

from shared_lib.contracts.conversions import ConversionOptions
from svc_parquet.conversions.errors import (
    CorruptCompressionError,
    DecompressionLimitError,
    TruncatedCompressionError,
)

GZIP_MAGIC = b"\x1f\x8b"
BLOCK_BYTES = 8 * 1024 * 1024
_COMPRESSED_BLOCK = 256 * 1024
_RATIO_APPLIES_FROM = 64 * 1024 * 1024
_GZIP_WINDOW = 16 + zlib.MAX_WBITS

ByteProgress = Callable[[int], None]


class _GzipReader:
    """Decompresses all members of a gzip stream in bounded memory (RFC 1952)."""

    def __init__(self, raw: BinaryIO, *, options: ConversionOptions) -> None:
        self._raw = raw
        self._options = options
        self._decoder = zlib.decompressobj(_GZIP_WINDOW)
        self._pending = b""
        self._between_members = True
        self._produced = 0

    def read(self, size: int) -> bytes:
        """Up to `size` decompressed bytes; empty at the end of the last member."""
        while True:
            if not self._pending:
                self._pending = self._raw.read(_COMPRESSED_BLOCK)
                if not self._pending:
                    self._refuse_open_member()
                    return b""
            if self._between_members and not self._start_member():
                continue
            data = self._decompress(size)
            if data:
                self._guard(len(data))
                return data

    def _start_member(self) -> bool:
        """Step over zero padding; False when more bytes are needed to tell."""
        self._pending = self._pending.lstrip(b"\x00")
        if not self._pending:
            return False
        self._decoder = zlib.decompressobj(_GZIP_WINDOW)
        self._between_members = False
        return True

    def _decompress(self, size: int) -> bytes:
        place = self._raw.tell() - len(self._pending)
        try:
            data = self._decoder.decompress(self._pending, size)
        except zlib.error as error:
            raise CorruptCompressionError(
                f"The gzip data is damaged near byte {place:,} of the compressed file ({error}). "
                "Send the file again, or repair it with `gzip -t` at the source.",
                byte=place,
            ) from error
        if self._decoder.eof:
            self._pending = self._decoder.unused_data
            self._between_members = True
        else:
            self._pending = self._decoder.unconsumed_tail
        return data

    def _refuse_open_member(self) -> None:
        if not self._between_members:
            end = self._raw.tell()
            raise TruncatedCompressionError(
                f"The gzip file ends at byte {end:,} in the middle of its data, after "
                f"{self._produced:,} decompressed bytes. Send the whole file again.",
                byte=end,
            )

    def _guard(self, size: int) -> None:
        self._produced += size
        consumed = max(self._raw.tell() - len(self._pending), 1)
        too_much = self._produced > self._options.max_decompressed_bytes
        too_dense = (
            self._produced > _RATIO_APPLIES_FROM
            and self._produced / consumed > self._options.max_decompression_ratio
        )
        if too_much or too_dense:
            raise DecompressionLimitError(
                f"The gzip file unpacks to more than {self._produced:,} bytes from {consumed:,} "
                "compressed ones, which is over the limit. Split the file, or raise "
                "max_decompressed_bytes or max_decompression_ratio.",
                byte=consumed,
            )


class ByteSource:
    """A file opened for one pass. `read` gives decompressed blocks, empty at the end.

    `progress` hears how many bytes of the file as stored have been read.
    """

    def __init__(
        self, path: Path, *, options: ConversionOptions, progress: ByteProgress | None = None
    ) -> None:
        self._raw = path.open("rb")
        self._progress = progress
        self.size = path.stat().st_size
        magic = self._raw.read(2)
        self._raw.seek(0)
        self.compression: Literal["none", "gzip"] = "gzip" if magic == GZIP_MAGIC else "none"
        self._reader = (
            _GzipReader(self._raw, options=options) if self.compression == "gzip" else self._raw
        )

    def read(self, size: int = BLOCK_BYTES) -> bytes:
        """At most `size` bytes; fewer are possible before the end, none only at the end."""
        data = self._reader.read(size)
        if self._progress is not None:
            self._progress(self._raw.tell())
        return data

    def read_up_to(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end of the file."""
        parts: list[bytes] = []
        missing = size
        while missing > 0 and (data := self.read(missing)):
            parts.append(data)
            missing -= len(data)
        return b"".join(parts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._raw.close()
