"""Tells how a file is written from its first bytes. Every decision carries its reason."""

import codecs
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from shared_lib.contracts.conversions import (
    Compression,
    ConversionOptions,
    SourceFormat,
    TextFormat,
)
from svc_parquet.conversions.byte_source import ByteSource
from svc_parquet.conversions.delimiters import (
    leading_remarks,
    sample_records,
    tell_delimiter,
    tell_newline,
    tell_width,
)
from svc_parquet.conversions.dialect import BOM, Dialect, Newline
from svc_parquet.conversions.errors import (
    EmptyFileError,
    EncodingUndecidedError,
    UnknownEncodingError,
    UnsupportedFormatError,
)
from svc_parquet.conversions.headers import Header, tell_header
from svc_parquet.conversions.magic import name_of_other_format
from svc_parquet.conversions.tokens import count_lines

HEAD_BYTES = 1024 * 1024
_WIDE_BOMS = [
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
]
_JSON_LINES_ENDINGS = (".jsonl", ".ndjson")
_JSON_ENDINGS = (*_JSON_LINES_ENDINGS, ".json")
_COMPRESSED_ENDING = re.compile(r"\.(?:gz|bz2|zst|xz)$")
_ARRAY_START = re.compile(rb"\[\s*(?:[\[{]|\]\s*$)")
_OBJECT_START = re.compile(rb'\{\s*(?:"(?:[^"\\]|\\.)*"\s*:|\}\s*$)')
_LINES_LOOKED_AT = 5
_SEP_LINE = re.compile(rb"(?i)sep=([,;\t|])\r?\n")


@dataclass(frozen=True)
class Encoding:
    """How bytes become text. `transcode` says that the stream is recoded to UTF-8 first."""

    name: str
    reason: str
    skip: int = 0
    transcode: bool = False


@dataclass(frozen=True)
class Sniffed:
    """What was told about a file. `header` is None for JSON.

    `outermost` is the bracket that opens a JSON document.
    """

    format: SourceFormat
    format_reason: str
    compression: Compression
    encoding: Encoding
    dialect: Dialect
    delimiter_reason: str = ""
    header: Header | None = None
    outermost: Literal["[", "{"] | None = None
    notes: list[str] = field(default_factory=list)


def sniff(path: Path, *, options: ConversionOptions) -> Sniffed:
    """Decide format, compression, encoding, delimiter, newline, width and header.

    Raises:
        EmptyFileError: there is nothing but white space.
        UnsupportedFormatError: the bytes are of another kind.
        EncodingUndecidedError: most of the start of the file is not UTF-8.
    """
    with ByteSource(path, options=options) as source:
        head = source.read_up_to(HEAD_BYTES)
        compression, whole = source.compression, len(head) < HEAD_BYTES
    if (other := name_of_other_format(head)) is not None:
        raise UnsupportedFormatError(
            f"{path.name} looks like {other}, which holds no table. Export the data as CSV, JSON, "
            "a workbook or Parquet, and send it again.",
            byte=0,
        )
    encoding = _tell_encoding(head, options=options)
    text = _as_ascii_transparent(head[encoding.skip :], encoding=encoding)
    if not text.strip():
        raise EmptyFileError(f"{path.name} holds no data. Send a file with at least one row.")
    text_format, reason = _tell_format(text, path=path, options=options, whole=whole)
    if text_format in {"jsonl", "json"}:
        dialect = _base_dialect(encoding, delimiter=",", newline=tell_newline(text))
        outermost: Literal["[", "{"] = "[" if text.lstrip().startswith(b"[") else "{"
        return Sniffed(
            text_format,
            reason,
            compression,
            encoding,
            dialect,
            outermost=outermost if text_format == "json" else None,
        )
    return _sniff_delimited(
        text,
        encoding=encoding,
        options=options,
        whole=whole,
        told=(text_format, reason, compression),
    )


def _tell_encoding(head: bytes, *, options: ConversionOptions) -> Encoding:
    for mark, name in _WIDE_BOMS:
        if head.startswith(mark) and options.encoding is None:
            return Encoding(name, "byte order mark", skip=len(mark), transcode=True)
    skip = len(BOM) if head.startswith(BOM) else 0
    if options.encoding is not None:
        return _given_encoding(options.encoding, head)
    if skip:
        return Encoding("utf-8", "byte order mark", skip=skip)
    _refuse_foreign_encoding(head)
    reason = "only ASCII at the start" if head.isascii() else "valid UTF-8 at the start"
    return Encoding("utf-8", f"{reason}; every row is checked")


def _given_encoding(name: str, head: bytes) -> Encoding:
    try:
        codec = codecs.lookup(name)
    except LookupError as error:
        raise UnknownEncodingError(
            f"No encoding is called {name!r}. Use a name such as utf-8, utf-16, cp1252, "
            "iso-8859-1 or shift_jis.",
            field="encoding",
        ) from error
    if not codec._is_text_encoding:  # noqa: SLF001 - the only place where codecs say it
        raise UnknownEncodingError(
            f"{name!r} is no text encoding. Use a name such as cp1252.", field="encoding"
        )
    plain = codec.name in {"utf-8", "utf-8-sig"}
    if plain:
        skip = len(BOM) if head.startswith(BOM) else 0
        return Encoding("utf-8", "given", skip=skip)
    for mark, wide in _WIDE_BOMS:
        if head.startswith(mark) and wide.startswith(codec.name):
            return Encoding(wide, "given, byte order mark", skip=len(mark), transcode=True)
    return Encoding(codec.name, "given", transcode=not is_single_byte(codec.name))


def is_single_byte(name: str) -> bool:
    """Whether each byte is one character and ASCII is itself, so that structure shows in bytes."""
    ascii_bytes = bytes(range(128))
    try:
        if ascii_bytes.decode(name) != ascii_bytes.decode("ascii"):
            return False
    except UnicodeError:
        return False
    high = (bytes([value]).decode(name, errors="replace") for value in range(128, 256))
    lead = (bytes([value, 0x41]).decode(name, errors="replace") for value in range(128, 256))
    return all(len(one) == 1 and len(two) == 2 for one, two in zip(high, lead, strict=True))


def _refuse_foreign_encoding(head: bytes) -> None:
    """Fail early where the start of the file shows that UTF-8 is the wrong idea."""
    sample = head[: 64 * 1024]
    if sample.count(b"\x00") > len(sample) // 5:
        raise EncodingUndecidedError(
            "Many bytes of the file are zero, as in UTF-16 or UTF-32 without a byte order mark. "
            "Convert again with its encoding, such as encoding=utf-16-le.",
            byte=sample.find(b"\x00"),
        )
    lines = sample.splitlines()[:-1] or sample.splitlines()
    bad = sum(not _is_utf8(line) for line in lines)
    if bad * 2 > len(lines):
        raise EncodingUndecidedError(
            f"{bad:,} of the first {len(lines):,} lines are not UTF-8. Convert again with the "
            "file's encoding, such as encoding=cp1252 for Western European Windows.",
            line=next(number for number, line in enumerate(lines, 1) if not _is_utf8(line)),
        )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _as_ascii_transparent(data: bytes, *, encoding: Encoding) -> bytes:
    """The head as bytes in which delimiters, quotes and line ends are themselves."""
    if not encoding.transcode:
        return data
    decoder = codecs.getincrementaldecoder(encoding.name)("replace")
    return decoder.decode(data).encode("utf-8")


def _tell_format(
    text: bytes, *, path: Path, options: ConversionOptions, whole: bool
) -> tuple[TextFormat, str]:
    if options.format is not None:
        return options.format, "given"
    name = _COMPRESSED_ENDING.sub("", path.name.lower())
    if text.lstrip()[:1] in {b"{", b"["} and (told := _tell_json(text, name=name, whole=whole)):
        return told
    if name.endswith(_JSON_ENDINGS):
        return "jsonl", "the file's name"
    if name.endswith((".tsv", ".tab")):
        return "tsv", "the file's name"
    return "csv", "text that is no JSON"


def _tell_json(text: bytes, *, name: str, whole: bool) -> tuple[TextFormat, str] | None:
    """JSON lines or one document, for text that begins with a bracket; None for neither."""
    start = text.lstrip()
    if start.startswith(b"{"):
        return _tell_json_object(start, name=name, whole=whole)
    if name.endswith(_JSON_ENDINGS) or _ARRAY_START.match(start):
        return "json", "the text begins as a JSON array"
    return None


def _tell_json_object(start: bytes, *, name: str, whole: bool) -> tuple[TextFormat, str] | None:
    lines = [line for line in start.splitlines()[: _LINES_LOOKED_AT + 1] if line.strip()]
    first, *others = map(_json_object, lines)
    if first is not None:
        alone = whole and not others and not name.endswith(_JSON_LINES_ENDINGS)
        if alone and any(map(_is_table, first.values())):
            return "json", "one JSON object that holds arrays of objects"
        return "jsonl", "the first line is a JSON object"
    if name.endswith(_JSON_LINES_ENDINGS) or any(found is not None for found in others):
        return "jsonl", "lines of JSON objects, the first of which is broken"
    if _OBJECT_START.match(start):
        return "json", "the text begins as a JSON object of several lines"
    return None


def _json_object(line: bytes) -> dict[str, object] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _is_table(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _base_dialect(encoding: Encoding, *, delimiter: str, newline: Newline) -> Dialect:
    return Dialect(
        delimiter=delimiter,
        newline=newline,
        encoding="utf-8" if encoding.transcode else encoding.name,
        transcode_from=encoding.name if encoding.transcode else None,
        skip=encoding.skip,
    )


def _sniff_delimited(
    text: bytes,
    *,
    encoding: Encoding,
    options: ConversionOptions,
    whole: bool,
    told: tuple[TextFormat, str, Compression],
) -> Sniffed:
    text_format, format_reason, compression = told
    sep = None if encoding.transcode else _SEP_LINE.match(text)
    body = text[sep.end() :] if sep else text
    remarks = b""
    if not (sep or encoding.transcode):
        remarks = _remarks_over_table(body, options=options, whole=whole)
    body = body[len(remarks) :]
    delimiter, reason = tell_delimiter(
        body, tab=text_format == "tsv", options=options, whole=whole, hint=sep[1] if sep else None
    )
    records = sample_records(body, delimiter=delimiter, whole=whole)
    width = tell_width(records)
    base = _base_dialect(encoding, delimiter=delimiter, newline=tell_newline(body))
    dialect = replace(
        base,
        width=width,
        skip=base.skip + (sep.end() if sep else len(remarks)),
        skip_lines=1 if sep else count_lines(remarks),
        keep_empty="" not in options.null_values,
    )
    return Sniffed(
        format="tsv" if delimiter == "\t" else "csv",
        format_reason=format_reason,
        compression=compression,
        encoding=encoding,
        dialect=dialect,
        delimiter_reason=reason,
        header=tell_header(
            [row for row in records if len(row) == width],
            encoding=dialect.encoding,
            options=options,
        ),
        notes=_notes_on_start(remarks, sep=sep is not None),
    )


def _remarks_over_table(text: bytes, *, options: ConversionOptions, whole: bool) -> bytes:
    """The `#` lines over a table of several columns, without the last if it is the header."""
    remarks = leading_remarks(text)
    if not remarks:
        return b""
    body = text[len(remarks) :]
    delimiter, _ = tell_delimiter(body, tab=False, options=options, whole=whole, hint=None)
    width = tell_width(sample_records(body, delimiter=delimiter, whole=whole))
    if width == 1:
        return b""
    last = remarks.splitlines(keepends=True)[-1]
    (fields,) = sample_records(last, delimiter=delimiter, whole=True) or [[]]
    return remarks.removesuffix(last) if len(fields) == width else remarks


def _notes_on_start(remarks: bytes, *, sep: bool) -> list[str]:
    if sep:
        return ["the first line was Excel's `sep=` hint and holds no row"]
    lines = remarks.decode("utf-8", "backslashreplace").splitlines()
    return [f"a remark over the table: {line}" for line in lines]
