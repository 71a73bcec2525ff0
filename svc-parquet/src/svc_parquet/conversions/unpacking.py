"""A compressed file of a format that is not read from front to back, unpacked beside the result."""

from pathlib import Path

from shared_lib.contracts.conversions import Compression, ConversionOptions
from svc_parquet.conversions.byte_source import BLOCK_BYTES, ByteSource


def unpacked(path: Path, *, folder: Path, options: ConversionOptions) -> tuple[Path, Compression]:
    """The file itself, or what it holds under its own name in `folder`, within the limits.

    Raises:
        ConversionError: it is damaged, cut short or unpacks to too much.
    """
    with ByteSource(path, options=options) as source:
        if source.compression == "none":
            return path, "none"
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / path.name
        with target.open("wb") as file:
            while block := source.read(BLOCK_BYTES):
                file.write(block)
        return target, source.compression
