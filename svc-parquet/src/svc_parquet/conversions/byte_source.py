"""Bytes of a file in blocks: plain or compressed, with limits, and a place for every failure."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from shared_lib.contracts.conversions import Compression, ConversionOptions
from svc_parquet.conversions.decompression import HEAD_BYTES, DecompressingReader, codec_of

BLOCK_BYTES = 8 * 1024 * 1024

ByteProgress = Callable[[int], None]


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
        codec = codec_of(self._raw.read(HEAD_BYTES))
        self._raw.seek(0)
        self.compression: Compression = codec.name if codec else "none"
        self._reader = (
            DecompressingReader(self._raw, codec=codec, options=options) if codec else self._raw
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
