"""Compressed streams, decompressed in bounded memory, with a place for every failure."""

import bz2
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from backports import zstd

from shared_lib.contracts.conversions import Compression, ConversionOptions
from svc_parquet.conversions.errors import (
    CorruptCompressionError,
    DecompressionLimitError,
    TruncatedCompressionError,
)

_COMPRESSED_BLOCK = 256 * 1024
_RATIO_APPLIES_FROM = 64 * 1024 * 1024
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_DECODER_MEMORY = 256 * 1024 * 1024
"""What an xz or zstd stream may ask for to be decoded; their highest presets need less."""
_ZSTD_WINDOW_LOG = 28
_BROKEN = (zlib.error, lzma.LZMAError, zstd.ZstdError, OSError, EOFError)
"""What decoders raise on damage; bz2 raises OSError, which here cannot come from a disk."""


class _Decoder(Protocol):
    """The face that the standard library gives to its decompressors."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """zlib behind the same face."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(_GZIP_WINDOW)

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def needs_input(self) -> bool:
        return not self._decoder.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._decoder.decompress(self._decoder.unconsumed_tail + data, max_length)


@dataclass(frozen=True)
class Codec:
    """A kind of compression: how it is told and undone, and the command that tests a file."""

    name: Compression
    magic: bytes
    decoder: Callable[[], _Decoder]
    test: str


def _xz() -> _Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_DECODER_MEMORY)


def _zstd() -> _Decoder:
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
    return zstd.ZstdDecompressor(options=options)


CODECS = (
    Codec("gzip", b"\x1f\x8b", _Gzip, "gzip -t"),
    Codec("bzip2", b"BZh", bz2.BZ2Decompressor, "bzip2 -t"),
    Codec("zstd", b"\x28\xb5\x2f\xfd", _zstd, "zstd -t"),
    Codec("xz", b"\xfd7zXZ\x00", _xz, "xz -t"),
)
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")
"""What follows the level in a bzip2 stream: a block, or the end of an empty one."""
HEAD_BYTES = 10


def codec_of(head: bytes) -> Codec | None:
    """How bytes are compressed, told from the first ten of them."""
    for codec in CODECS:
        if head.startswith(codec.magic):
            if codec.name == "bzip2" and head[4:10] not in _BZIP2_BLOCKS:
                return None
            return codec
    return None


class DecompressingReader:
    """Decompresses all members of a stream in bounded memory; zeros between members are padding."""

    def __init__(self, raw: BinaryIO, *, codec: Codec, options: ConversionOptions) -> None:
        self._raw = raw
        self._codec = codec
        self._options = options
        self._decoder = codec.decoder()
        self._pending = b""
        self._between_members = True
        self._produced = 0

    def read(self, size: int) -> bytes:
        """Up to `size` decompressed bytes; empty at the end of the last member."""
        while True:
            if not self._pending and (self._between_members or self._decoder.needs_input):
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
        self._decoder = self._codec.decoder()
        self._between_members = False
        return True

    def _decompress(self, size: int) -> bytes:
        place = self._raw.tell() - len(self._pending)
        try:
            data = self._decoder.decompress(self._pending, size)
        except _BROKEN as error:
            if "memory" in str(error).lower():
                raise DecompressionLimitError(
                    f"The {self._codec.name} data needs more than {_DECODER_MEMORY:,} bytes of "
                    "memory to be unpacked. Compress it with a lower level.",
                    byte=place,
                ) from error
            raise CorruptCompressionError(
                f"The {self._codec.name} data is damaged near byte {place:,} of the compressed "
                f"file ({error}). Send the file again, or test it with `{self._codec.test}` at "
                "the source.",
                byte=place,
            ) from error
        self._pending = b""
        if self._decoder.eof:
            self._pending = self._decoder.unused_data
            self._between_members = True
        return data

    def _refuse_open_member(self) -> None:
        if not self._between_members:
            end = self._raw.tell()
            raise TruncatedCompressionError(
                f"The {self._codec.name} file ends at byte {end:,} in the middle of its data, "
                f"after {self._produced:,} decompressed bytes. Send the whole file again.",
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
                f"The {self._codec.name} file unpacks to more than {self._produced:,} bytes from "
                f"{consumed:,} compressed ones, which is over the limit. Split the file, or raise "
                "max_decompressed_bytes or max_decompression_ratio.",
                byte=consumed,
            )
