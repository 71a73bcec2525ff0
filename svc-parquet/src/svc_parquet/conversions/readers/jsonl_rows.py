"""The objects of a JSON lines file in blocks; lines that hold none go to the quarantine."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from shared_lib.contracts.conversions import ConversionOptions
from svc_parquet.conversions.byte_source import ByteProgress, ByteSource
from svc_parquet.conversions.dialect import Dialect, Positions, positions_of
from svc_parquet.conversions.errors import RowTooLargeError
from svc_parquet.conversions.json_plain import (
    PlainPattern,
    PlainRows,
    lines_of,
)
from svc_parquet.conversions.json_rows import UnreadableJsonError, read_object
from svc_parquet.conversions.quarantine import Quarantine
from svc_parquet.conversions.recoding import Recoder

_BLOCK_BYTES = 4 * 1024 * 1024
_WHITE = " \t\r\n"
_WORTH_BYTES = 32 * 1024
"""Of smaller blocks the objects are read one by one before a pattern is made."""
_MOST_MISSES = 2
"""After so many blocks in a row without a pattern, no more is looked for."""


class JsonlRows:
    """One pass over a JSON lines file. Iterate once; counters are complete afterwards."""

    def __init__(
        self,
        path: Path,
        *,
        dialect: Dialect,
        options: ConversionOptions,
        quarantine: Quarantine,
        progress: ByteProgress,
    ) -> None:
        self._path = path
        self._dialect = dialect
        self._options = options
        self._quarantine = quarantine
        self._progress = progress
        self._offset = dialect.skip
        self._line = 1
        self._pattern: PlainPattern | None = None
        self._misses = 0
        self.blank_lines = 0

    def __iter__(self) -> Iterator[list[dict[str, Any]] | PlainRows]:
        block = min(_BLOCK_BYTES, self._options.max_row_bytes)
        recoder = Recoder(self._dialect.transcode_from)
        rest, final = b"", False
        with ByteSource(self._path, options=self._options, progress=self._progress) as source:
            source.read_up_to(self._dialect.skip)
            while not final:
                raw = source.read_up_to(block)
                final = len(raw) < block
                rest += recoder.recode(raw, line=self._line, final=final)
                cut = len(rest) if final else rest.rfind(self._dialect.eol) + 1
                whole, rest = rest[:cut], rest[cut:]
                if len(rest) >= self._options.max_row_bytes:
                    self._refuse_long_line(len(whole))
                starts = _line_starts(whole, eol=self._dialect.eol)
                rows = self._plain(whole, starts) or self._rows(whole, starts)[0]
                self._line += len(starts)
                self._offset += len(whole)
                if rows:
                    yield rows

    def _refuse_long_line(self, before: int) -> None:
        limit = self._options.max_row_bytes
        byte = self._offset + before
        raise RowTooLargeError(
            f"The line at byte {byte:,} does not end within {limit:,} bytes. Write one object a "
            "line, or raise max_row_bytes.",
            byte=byte,
        )

    def _plain(self, whole: bytes, starts: Positions) -> PlainRows | None:
        """The block by columns, or None where most lines have no pattern in common."""
        if self._misses >= _MOST_MISSES or len(whole) < _WORTH_BYTES:
            return None
        if not _is_utf8(whole, self._dialect):
            return None
        lines = lines_of(whole, starts=starts)
        for pattern in self._patterns(lines):
            found = pattern.tokens(lines)
            taken = found["taken"].is_not_null()
            if 2 * int(taken.sum()) < len(starts):
                continue
            self._pattern, self._misses = pattern, 0
            odd, odd_at = self._rows(whole, starts, only=(~taken).arg_true().to_list())
            tokens = found.filter(taken).select(
                pl.col(name).replace("null", None) for name in found.columns[:-1]
            )
            return PlainRows(pattern.keys, tokens, taken.arg_true().to_numpy(), odd, odd_at)
        self._misses += 1
        return None

    def _patterns(self, lines: pl.Series) -> Iterator[PlainPattern]:
        """The pattern that held so far, then that of the first object of a block."""
        known = self._pattern
        if known is not None:
            yield known
        for number in range(len(lines)):
            try:
                keys = tuple(read_object(lines[number].strip(_WHITE)))
            except UnreadableJsonError:
                continue
            if PlainPattern.suits(keys) and (known is None or keys != known.keys):
                yield PlainPattern(keys)
            return

    def _rows(
        self, whole: bytes, starts: Positions, *, only: Iterable[int] | None = None
    ) -> tuple[list[dict[str, Any]], list[int]]:
        """The objects of all lines of a block, or of some, and the numbers of their lines."""
        rows: list[dict[str, Any]] = []
        at: list[int] = []
        ends = [*starts[1:].tolist(), len(whole)]
        begins = starts.tolist()
        for number in range(len(begins)) if only is None else only:
            raw = whole[begins[number] : ends[number]].removesuffix(self._dialect.eol)
            try:
                text = raw.decode(self._dialect.encoding).strip(_WHITE)
                if text:
                    rows.append(read_object(text))
                    at.append(number)
                else:
                    self.blank_lines += 1
            except UnicodeDecodeError as error:
                byte = self._offset + begins[number]
                reason = self._undecodable(raw, error, byte=byte)
                self._set_aside(raw, number, byte=byte, kind="encoding", reason=reason)
            except UnreadableJsonError as error:
                byte = self._offset + begins[number]
                self._set_aside(raw, number, byte=byte, kind="json", reason=str(error))
        return rows, at

    def _undecodable(self, raw: bytes, error: UnicodeDecodeError, *, byte: int) -> str:
        return (
            f"byte 0x{raw[error.start]:02X} at {byte + error.start:,} is not "
            f"{self._dialect.encoding}; if you know the encoding, convert again with it (such as "
            "encoding=cp1252)"
        )

    def _set_aside(self, raw: bytes, number: int, *, byte: int, kind: str, reason: str) -> None:
        self._quarantine.add(raw, line=self._line + number, byte=byte, kind=kind, reason=reason)


def _line_starts(whole: bytes, *, eol: bytes) -> Positions:
    """Where the lines of a block begin; after a last line's end there is no other."""
    if not whole:
        return np.empty(0, dtype=np.int64)
    begins = np.append(0, positions_of(whole, eol[0]) + 1)
    return begins[:-1] if begins[-1] == len(whole) else begins


def _is_utf8(whole: bytes, dialect: Dialect) -> bool:
    """Whether all of a block is text in UTF-8."""
    if not dialect.is_utf8:
        return False
    try:
        whole.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
