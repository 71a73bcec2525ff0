"""How a file would be converted, found out on its start and in the reader's process."""

import json
import re
from pathlib import Path
from typing import Any

from shared_lib.contracts.conversions import Compression, ConversionOptions, ConvertedTable
from shared_lib.contracts.errors import FleetError
from svc_parquet.conversions.byte_source import ByteSource
from svc_parquet.conversions.convert import convert_file
from svc_parquet.conversions.errors import SourceTooLargeError
from svc_parquet.conversions.json_rows import UnreadableJsonError, read_value
from svc_parquet.conversions.magic import binary_format, markup_format
from svc_parquet.conversions.readers.reader_process import ReaderProcess
from svc_parquet.conversions.readers.refusing import Handler

HEAD_BYTES = 1024 * 1024
SHOWN_ROWS = 20
_SECONDS = 20.0
_COMPRESSED = re.compile(r"\.(?:gz|bz2|zst|xz)$", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n]*")
_AFTER_ELEMENT = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")


def decide(*, path: str, whole: bool, options: dict[str, Any], folder: str) -> dict[str, Any]:
    """What the conversion of a file would decide, by its first megabyte.

    Args:
        whole: whether the file is all there, and not merely its start.
    """
    wanted = ConversionOptions.model_validate(options)
    complete = whole
    try:
        head, compression, complete = _head(Path(path), Path(folder), whole=whole, options=wanted)
        with ReaderProcess(seconds=_SECONDS) as reader:
            report = convert_file(head, Path(folder) / "out", options=wanted, reader=reader)
    except FleetError as error:
        return {"complete": complete, "error": error.problem().model_dump(mode="json")}
    out = Path(folder) / "out"
    return {
        "complete": complete,
        "tables": [_shown(made, out, compression=compression) for made in report.tables],
        "not_converted": [each.model_dump(mode="json") for each in report.not_converted],
    }


def _shown(made: ConvertedTable, out: Path, *, compression: Compression) -> dict[str, Any]:
    decisions = made.report.decisions
    if compression != "none":
        decisions = decisions.model_copy(update={"compression": compression})
    preview = json.loads((out / made.folder / made.report.preview).read_text(encoding="utf-8"))
    return {
        "source": made.report.source.model_dump(mode="json"),
        "decisions": decisions.model_dump(mode="json", by_alias=True),
        "widened": [each.model_dump(mode="json", by_alias=True) for each in made.report.widened],
        "quarantine": made.report.quarantine.model_dump(mode="json"),
        "rows": preview["rows"][:SHOWN_ROWS],
    }


def _head(
    path: Path, folder: Path, *, whole: bool, options: ConversionOptions
) -> tuple[Path, Compression, bool]:
    """The start of a file in a file of its own, how it was compressed, and whether it is all.

    Raises:
        SourceTooLargeError: a file of this kind can be judged whole only, and is too long.
    """
    with ByteSource(path, options=options) as source:
        data = source.read_up_to(HEAD_BYTES)
        more = not whole or bool(source.read(1))
        compression = source.compression
    name = _COMPRESSED.sub("", path.name)
    if binary_format(data) is not None:
        if whole:
            return path, "none", True
        raise _unjudged()
    if not more:
        cut = data
    elif markup_format(data, name=name.lower()) is not None:
        raise _unjudged()
    else:
        cut = _cut(data)
    target = folder / "head" / name
    target.parent.mkdir(parents=True)
    target.write_bytes(cut)
    return target, compression, not more


def _cut(data: bytes) -> bytes:
    """The start without what was torn at its end."""
    start = data.lstrip()
    if start.startswith(b"["):
        return _closed_array(start)
    if re.match(rb"\{\s*\n", start):
        raise _unjudged()
    return data[: data.rfind(b"\n") + 1] or data[: data.rfind(b"\r") + 1] or data


def _closed_array(data: bytes) -> bytes:
    """The whole elements of a JSON array whose end is missing."""
    text = data.decode("utf-8", "replace")
    end, after = 1, _SPACE.match(text, 1)
    while after is not None:
        try:
            _, end = read_value(text, after.end())
        except UnreadableJsonError:
            break
        after = _AFTER_ELEMENT.match(text, end)
    return text[:end].encode() + b"]"


def _unjudged() -> SourceTooLargeError:
    return SourceTooLargeError(
        "A file of this kind can be judged as a whole only, and it is longer than a preview "
        "reads. Convert it: nothing is lost, and it can be converted again with other options."
    )


HANDLERS: dict[str, Handler] = {"decide": decide}
