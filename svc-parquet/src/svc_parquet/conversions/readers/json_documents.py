"""JSON documents as rows: one array of any size, or an object that holds arrays of objects."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared_lib.contracts.conversions import ConversionOptions
from svc_parquet.conversions.byte_source import ByteProgress, ByteSource
from svc_parquet.conversions.dialect import Dialect
from svc_parquet.conversions.quarantine import Quarantine
from svc_parquet.conversions.readers.json_stream import JsonStream, Unreadable
from svc_parquet.conversions.recoding import Recoder

BARE = "value"
"""The column of array elements that are no objects."""
_BLOCK_BYTES = 4 * 1024 * 1024
_BLOCK_ROWS = 50_000

Row = dict[str, Any]


@dataclass(frozen=True)
class JsonPart:
    """A table of a document: the array under `key`, the whole array (None), or what is left.

    `without` are the keys that are tables of their own.
    """

    key: str | None = None
    rest: bool = False
    without: frozenset[str] = frozenset()


def tell_parts(path: Path, *, dialect: Dialect, options: ConversionOptions) -> list[JsonPart]:
    """The tables of a document whose outermost value is an object: reads all of it.

    Raises:
        MalformedRowsError: the text is no JSON document.
    """
    arrays: list[str] = []
    rest = False
    with _opened(path, dialect=dialect, options=options) as stream:
        for key in _members(stream):
            if stream.peek() == "[" and _holds_objects(stream):
                arrays.append(key)
            else:
                stream.value()
                rest = True
    parts = [JsonPart(key) for key in arrays]
    if rest or not parts:
        parts.append(JsonPart(rest=True, without=frozenset(arrays)))
    return parts


def _holds_objects(stream: JsonStream) -> bool:
    """Read an array to its end; whether every element of it is an object, and it has one."""
    elements = objects = 0
    for value in _elements(stream):
        elements += 1
        objects += isinstance(value, dict | Unreadable)
    return 0 < elements == objects


class JsonDocumentRows:
    """One pass over a part of a document. Iterate once; counters are complete afterwards."""

    blank_lines = 0

    def __init__(
        self,
        path: Path,
        *,
        part: JsonPart,
        dialect: Dialect,
        options: ConversionOptions,
        quarantine: Quarantine,
        progress: ByteProgress,
    ) -> None:
        self._path = path
        self._part = part
        self._dialect = dialect
        self._options = options
        self._quarantine = quarantine
        self._progress = progress
        self.bare = False

    def __iter__(self) -> Iterator[list[Row]]:
        """Rows in blocks that end where a block of the file does."""
        opened = _opened(
            self._path, dialect=self._dialect, options=self._options, progress=self._progress
        )
        with opened as stream:
            rows: list[Row] = []
            block = 1
            for value in self._values(stream):
                if isinstance(value, Unreadable):
                    self._quarantine.add(
                        value.raw,
                        line=value.line,
                        byte=value.byte,
                        kind=value.kind,
                        reason=value.reason,
                    )
                    continue
                rows.append(self._row(value))
                if stream.blocks != block or len(rows) >= _BLOCK_ROWS:
                    block = stream.blocks
                    yield rows
                    rows = []
            if rows:
                yield rows

    def _row(self, value: Any) -> Row:
        if isinstance(value, dict):
            return value
        self.bare = True
        return {BARE: value}

    def _values(self, stream: JsonStream) -> Iterator[Any]:
        if self._part.key is None and not self._part.rest:
            yield from _elements(stream)
            _refuse_more(stream)
            return
        rest: Row = {}
        for key in _members(stream):
            if key == self._part.key:
                yield from _elements(stream)
            elif key in self._part.without or not self._part.rest:
                _skip(stream)
            else:
                found = stream.value()
                if isinstance(found, Unreadable):
                    yield found
                else:
                    rest[key] = found
        if self._part.rest:
            yield rest


def _skip(stream: JsonStream) -> None:
    """Step over a value; an array of any length in the memory of one element."""
    if stream.peek() != "[":
        stream.value()
        return
    for _ in _elements(stream):
        pass


def _elements(stream: JsonStream) -> Iterator[Any]:
    """The elements of the array that comes next."""
    if not stream.take("["):
        raise stream.refuse("an array is expected")
    if stream.take("]"):
        return
    while True:
        yield stream.value()
        if stream.take("]"):
            return
        if not stream.take(","):
            raise stream.refuse(_cut(stream, "a comma or the end of the array is expected"))


def _members(stream: JsonStream) -> Iterator[str]:
    """The keys of the object that comes next; the caller reads the value after each."""
    seen: set[str] = set()
    if not stream.take("{"):
        raise stream.refuse("an object is expected")
    if not stream.take("}"):
        while True:
            key = stream.value() if stream.peek() == '"' else None
            if not isinstance(key, str) or not stream.take(":"):
                raise stream.refuse(_cut(stream, "a key and a colon are expected"))
            if key in seen:
                raise stream.refuse(f"the key {key!r} occurs twice in the document")
            seen.add(key)
            yield key
            if stream.take("}"):
                break
            if not stream.take(","):
                raise stream.refuse(_cut(stream, "a comma or the end of the object is expected"))
    _refuse_more(stream)


def _cut(stream: JsonStream, reason: str) -> str:
    return reason if stream.peek() else f"{reason}, but the file ends: it was cut short"


def _refuse_more(stream: JsonStream) -> None:
    if stream.peek():
        raise stream.refuse("something follows the end of the document")


@contextmanager
def _opened(
    path: Path,
    *,
    dialect: Dialect,
    options: ConversionOptions,
    progress: ByteProgress | None = None,
) -> Iterator[JsonStream]:
    """A stream over a file, from its first byte of text."""
    with ByteSource(path, options=options, progress=progress) as source:
        source.read_up_to(dialect.skip)
        yield JsonStream(
            _blocks(source, dialect=dialect, size=min(_BLOCK_BYTES, options.max_row_bytes)),
            encoding=dialect.encoding,
            first_byte=dialect.skip,
            max_value_bytes=options.max_row_bytes,
        )


def _blocks(source: ByteSource, *, dialect: Dialect, size: int) -> Iterator[bytes]:
    recoder = Recoder(dialect.transcode_from)
    final = False
    while not final:
        raw = source.read_up_to(size)
        final = len(raw) < size
        block = recoder.recode(raw, line=1, final=final)
        if block:
            yield block
