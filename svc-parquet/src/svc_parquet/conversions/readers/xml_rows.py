"""XML documents as rows, streamed: each element that repeats below one that does not is a table.

Attributes become `@name`, elements below a row their name, repeated ones a list, deeper ones JSON
text. Names lose their namespaces. An element without content is null.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers import expat

from shared_lib.contracts.conversions import ConversionOptions
from svc_parquet.conversions.byte_source import ByteProgress, ByteSource
from svc_parquet.conversions.errors import DamagedFileError, RowTooLargeError
from svc_parquet.conversions.readers.safe_xml import UnsafeXmlError, safe_parser

_BLOCK = 1024 * 1024
_MOST_DEPTH = 200
_MOST_PATHS = 10_000
TEXT = "#text"

Steps = tuple[str, ...]
Row = dict[str, Any]


@dataclass(frozen=True)
class XmlPart:
    """A table of a document: the elements at a path, or what is left beside these paths."""

    path: Steps | None
    tables: frozenset[Steps]


def tell_parts(path: Path, *, options: ConversionOptions) -> list[XmlPart]:
    """The tables of a document; reads all of it."""
    survey = _Survey()
    for _ in _parse(path, survey.parser, options=options):
        pass
    tables = survey.tables()
    parts = [XmlPart(found, frozenset(tables)) for found in tables]
    if survey.has_rest(tables) or not parts:
        parts.append(XmlPart(None, frozenset(tables)))
    return parts


class XmlRows:
    """One pass over a part of a document. Iterate once."""

    blank_lines = 0

    def __init__(
        self, path: Path, *, part: XmlPart, options: ConversionOptions, progress: ByteProgress
    ) -> None:
        self._path = path
        self._part = part
        self._options = options
        self._progress = progress

    def __iter__(self) -> Iterator[list[Row]]:
        builder = _Builder(self._part, limit=self._options.max_row_bytes)
        for _ in _parse(self._path, builder.parser, options=self._options, progress=self._progress):
            if builder.rows:
                yield builder.rows
                builder.rows = []
        if self._part.path is None:
            yield [builder.rest]


def _parse(
    path: Path,
    parser: expat.XMLParserType,
    *,
    options: ConversionOptions,
    progress: ByteProgress | None = None,
) -> Iterator[None]:
    """Feed a file to a parser; a pause after each block."""
    try:
        with ByteSource(path, options=options, progress=progress) as source:
            while block := source.read(_BLOCK):
                parser.Parse(block, False)  # noqa: FBT003 - expat takes it by place
                yield
            parser.Parse(b"", True)  # noqa: FBT003 - expat takes it by place
            yield
    except (expat.ExpatError, UnsafeXmlError) as error:
        raise DamagedFileError(
            f"{path.name} is no XML that is read, at line {parser.CurrentLineNumber:,} "
            f"({error}). Repair it and send it again.",
            line=parser.CurrentLineNumber,
            byte=max(parser.CurrentByteIndex, 0),
        ) from error


class _Walker:
    """Follows the path of open elements."""

    def __init__(self) -> None:
        self.parser = safe_parser()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._open: list[str] = []

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._open.append(_local(name))
        if len(self._open) > _MOST_DEPTH:
            raise UnsafeXmlError(f"elements are nested deeper than {_MOST_DEPTH}")
        self.start(tuple(self._open), attributes)

    def _end(self, _: str) -> None:
        self.end(tuple(self._open))
        self._open.pop()

    def _text(self, text: str) -> None:
        self.text(text)

    def start(self, path: Steps, attributes: dict[str, str]) -> None:
        """An element begins."""
        raise NotImplementedError

    def end(self, path: Steps) -> None:
        """It ends."""
        raise NotImplementedError

    def text(self, text: str) -> None:
        """Text inside the innermost element."""
        raise NotImplementedError


class _Survey(_Walker):
    """Counts how often each path occurs, and which have text or attributes."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: Counter[Steps] = Counter()
        self._filled: set[Steps] = set()

    def start(self, path: Steps, attributes: dict[str, str]) -> None:
        """Count the path."""
        self._counts[path] += 1
        if attributes:
            self._filled.add(path)
        if len(self._counts) > _MOST_PATHS:
            raise UnsafeXmlError(f"it has more than {_MOST_PATHS:,} kinds of elements")

    def end(self, path: Steps) -> None:
        """Nothing to count."""

    def text(self, text: str) -> None:
        """Remember that the element has text."""
        if not text.isspace():
            self._filled.add(tuple(self._open))

    def tables(self) -> list[Steps]:
        """The shallowest paths that repeat, in the order in which they first occur."""
        return [
            path
            for path, count in self._counts.items()
            if count > 1 and all(self._counts[path[:end]] == 1 for end in range(1, len(path)))
        ]

    def has_rest(self, tables: list[Steps]) -> bool:
        """Whether anything stands outside of the tables."""
        return any(
            not any(path[: len(table)] == table for table in tables) for path in self._filled
        )


class _Builder(_Walker):
    """Makes a row of each element at the part's path, or one of all the rest."""

    def __init__(self, part: XmlPart, *, limit: int) -> None:
        super().__init__()
        self._part = part
        self._limit = limit
        self._size = 0
        self._stack: list[Row] = []
        self._inside = part.path is None
        self.rows: list[Row] = []
        self.rest: Row = {}

    def start(self, path: Steps, attributes: dict[str, str]) -> None:
        """Begin a value, when it belongs to this part."""
        if path == self._part.path:
            self._inside, self._size = True, 0
        if self._inside and not self._elsewhere(path):
            self._grow(sum(map(len, attributes.values())) + len(path[-1]))
            self._stack.append({f"@{_local(name)}": text for name, text in attributes.items()})

    def end(self, path: Steps) -> None:
        """Give a value to the one around it, or the row to the table."""
        if not self._inside or self._elsewhere(path):
            return
        value = _closed(self._stack.pop())
        if path == self._part.path:
            self._inside = False
            self.rows.append(value if isinstance(value, dict) else {path[-1]: value})
        elif self._stack:
            _put(self._stack[-1], path[-1], value)
        else:
            self.rest = value if isinstance(value, dict) else {path[-1]: value}

    def text(self, text: str) -> None:
        """Text of the innermost value."""
        if self._inside and self._stack and not self._elsewhere(tuple(self._open)):
            self._grow(len(text))
            self._stack[-1].setdefault(TEXT, []).append(text)

    def _elsewhere(self, path: Steps) -> bool:
        """Whether an element belongs to another table than the one that is made."""
        if self._part.path is not None:
            return False
        return any(path[: len(table)] == table for table in self._part.tables)

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > self._limit:
            line = self.parser.CurrentLineNumber
            raise RowTooLargeError(
                f"The element at line {line:,} holds more than {self._limit:,} characters. Split "
                "it, or raise max_row_bytes.",
                line=line,
                byte=max(self.parser.CurrentByteIndex, 0),
            )


def _closed(value: Row) -> Any:
    """An element's text alone where it has nothing else; null where it has nothing."""
    text = "".join(value.pop(TEXT, []))
    if not value:
        return text if text.strip() else None
    if text.strip():
        value[TEXT] = text
    return value


def _put(around: Row, name: str, value: Any) -> None:
    if name not in around:
        around[name] = value
    elif isinstance(around[name], _Repeated):
        around[name].append(value)
    else:
        around[name] = _Repeated([around[name], value])


class _Repeated(list[Any]):
    """The values of an element that occurs several times."""


def _local(name: str) -> str:
    return name.rpartition(":")[2]
