"""A text file with rows of its quarantine put right, byte for byte the same elsewhere."""

import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from shared_lib.contracts.conversions import ConversionOptions
from svc_parquet.conversions.byte_source import BLOCK_BYTES, ByteSource
from svc_parquet.conversions.errors import UnknownRowError

_LINE_ENDS = (b"\r\n", b"\n", b"\r")


def read_quarantined(lines: Iterable[bytes]) -> dict[int, bytes]:
    """The raw rows of a quarantine by their place in the decompressed file."""
    found: dict[int, bytes] = {}
    for line in lines:
        entry = json.loads(line)
        raw = entry["text"].encode() if "text" in entry else base64.b64decode(entry["base64"])
        found[entry["byte"]] = raw
    return found


def write_corrected(
    source: Path,
    target: Path,
    *,
    quarantined: Mapping[int, bytes],
    corrections: Mapping[int, str],
    options: ConversionOptions,
    encoding: str,
) -> None:
    """Write the decompressed file with each corrected row in the place of the one set aside.

    A corrected row keeps the line end of the old one, whether it is given one or not; an empty one
    drops the row with its line end.

    Raises:
        UnknownRowError: a correction is of no quarantined row, or not of the file's encoding.
    """
    for place in corrections:
        if place not in quarantined:
            raise UnknownRowError(
                f"No row at byte {place:,} is in the quarantine. Take `byte` from the quarantine "
                "of the conversion that is replayed.",
                byte=place,
            )
    with ByteSource(source, options=options) as file, target.open("wb") as out:
        at = 0
        for place in sorted(corrections):
            _copy(file, out, place - at)
            old = quarantined[place]
            at = place + len(old)
            if file.read_up_to(len(old)) != old:
                raise UnknownRowError(
                    f"The file does not hold the quarantined row at byte {place:,}; it is that "
                    "of another conversion.",
                    byte=place,
                )
            out.write(_new_row(corrections[place], old, encoding=encoding, place=place))
        _copy(file, out, None)


def _new_row(text: str, old: bytes, *, encoding: str, place: int) -> bytes:
    if not text:
        return b""
    try:
        row = text.encode(encoding)
    except UnicodeEncodeError as error:
        raise UnknownRowError(
            f"The corrected row at byte {place:,} cannot be written in {encoding} ({error}).",
            byte=place,
        ) from error
    end = next((end for end in _LINE_ENDS if old.endswith(end)), b"")
    return row if not end or row.endswith((b"\n", b"\r")) else row + end


def _copy(file: ByteSource, out: BinaryIO, size: int | None) -> None:
    """Copy so many bytes, or all that are left."""
    left = size
    while left is None or left > 0:
        block = file.read(BLOCK_BYTES if left is None else min(BLOCK_BYTES, left))
        if not block:
            return
        out.write(block)
        left = None if left is None else left - len(block)
