"""A delimited text file as frames of text columns: fast where it is sound, exact everywhere.

Whole blocks go to polars once `structure` has proved where their records end; afterwards the frame
is checked against the bytes (number of records, no short record). A block that fails is halved
until the trouble is small, and what remains is read record by record by `tokens`. Rows that cannot
be read go to the quarantine. Columns are named c0, c1, ...; None is an unquoted empty field.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from shared_lib.contracts.conversions import ConversionOptions
from svc_parquet.conversions.byte_source import BLOCK_BYTES, ByteProgress, ByteSource
from svc_parquet.conversions.dialect import BOM, Dialect, Positions, count_byte
from svc_parquet.conversions.errors import RowTooLargeError
from svc_parquet.conversions.quarantine import Quarantine
from svc_parquet.conversions.recoding import Recoder
from svc_parquet.conversions.structure import empty_last_fields, sound_prefix
from svc_parquet.conversions.tokens import (
    Damaged,
    Record,
    Unfinished,
    count_lines,
    next_line,
    read_record,
)

SLOW_BYTES = 64 * 1024
Row = list[str | None]


class CsvFrames:
    """One pass over a delimited file. Iterate once; counters are complete afterwards."""

    def __init__(
        self,
        path: Path,
        *,
        dialect: Dialect,
        options: ConversionOptions,
        quarantine: Quarantine,
        progress: ByteProgress | None = None,
    ) -> None:
        self._path = path
        self._dialect = dialect
        self._options = options
        self._quarantine = quarantine
        self._progress = progress
        self._schema = {f"c{i}": pl.String() for i in range(dialect.width)}
        self._buffer = b""
        self._offset = dialect.skip
        self._line = 1 + dialect.skip_lines
        self._final = False
        self._window = SLOW_BYTES
        self.blank_lines = 0

    def __iter__(self) -> Iterator[pl.DataFrame]:
        block = min(BLOCK_BYTES, self._options.max_row_bytes)
        with ByteSource(self._path, options=self._options, progress=self._progress) as source:
            recoder = Recoder(self._dialect.transcode_from)
            source.read_up_to(self._dialect.skip)
            while not self._final:
                raw = source.read_up_to(block)
                self._final = len(raw) < block
                self._buffer += recoder.recode(raw, line=self._line, final=self._final)
                frames = [frame for frame in self._consume() if frame.height]
                if frames:
                    yield pl.concat(frames) if len(frames) > 1 else frames[0]

    def _consume(self) -> Iterator[pl.DataFrame]:
        """Frames of all records that the buffer completes."""
        while self._buffer:
            sound = sound_prefix(
                self._buffer,
                delimiter=self._dialect.delimiter_byte,
                eol=self._dialect.eol,
                final=self._final,
            )
            if sound.cut:
                yield from self._fast(self._take(sound.cut), sound.ends)
                self._window = SLOW_BYTES if sound.cut > self._window else self._window
                if not sound.damaged:
                    continue
            waits = not (self._final or sound.damaged)
            if waits and len(self._buffer) < self._options.max_row_bytes:
                return
            rows = self._slow_window()
            if rows is None:
                return
            yield self._frame(rows)

    def _take(self, size: int) -> tuple[bytes, int, int]:
        """Cut bytes off the front of the buffer, with their offset and their first line."""
        taken = (self._buffer[:size], self._offset, self._line)
        self._buffer = self._buffer[size:]
        self._offset += size
        self._line += count_lines(taken[0])
        return taken

    def _fast(
        self, piece: tuple[bytes, int, int], ends: Positions | None
    ) -> Iterator[pl.DataFrame]:
        """The frame of a sound stretch; in halves, and at last record by record, if need be."""
        data, offset, line = piece
        frame = self._parse(data, ends)
        if frame is not None:
            yield frame
            return
        middle = self._middle(data, ends)
        if len(data) <= SLOW_BYTES or not 0 < middle < len(data):
            rows, _ = self._slow_rows(piece, limit=len(data), final=True)
            yield self._frame(rows)
            return
        first, second = data[:middle], data[middle:]
        count = None if ends is None else int(np.searchsorted(ends, middle))
        yield from self._fast((first, offset, line), None if ends is None else ends[:count])
        later = None if ends is None else ends[count:] - middle
        yield from self._fast((second, offset + middle, line + count_lines(first)), later)

    def _middle(self, data: bytes, ends: Positions | None) -> int:
        if ends is None:
            return data.find(self._dialect.eol, len(data) // 2) + 1
        return int(ends[len(ends) // 2]) + 1 if len(ends) else 0

    def _parse(self, data: bytes, ends: Positions | None) -> pl.DataFrame | None:
        """The frame of a sound stretch by polars, or None when it is not provably right."""
        eol, delimiter = self._dialect.eol, self._dialect.delimiter_byte
        if not data.endswith(eol):
            ends = None if ends is None else np.append(ends, len(data))
            data += eol
        records = count_byte(data, eol[0]) if ends is None else len(ends)
        if data.startswith(BOM):
            return None
        try:
            text = data if self._dialect.is_utf8 else self._decode(data).encode("utf-8")
            frame = pl.read_csv(
                text,
                has_header=False,
                schema=self._schema,
                separator=self._dialect.delimiter,
                eol_char=eol.decode(),
            )
        except (PolarsError, UnicodeDecodeError):
            return None
        if frame.height != records:
            return None
        empty = frame.to_series(-1).null_count() if frame.width > 1 else 0
        if empty and empty != empty_last_fields(data, ends, delimiter=delimiter, eol=eol):
            return None
        return frame

    def _decode(self, data: bytes) -> str:
        return data.decode(self._dialect.encoding)

    def _slow_window(self) -> list[Row] | None:
        """Rows read one by one from the front of the buffer; None when more bytes are needed."""
        rows, taken = self._slow_rows(
            (self._buffer, self._offset, self._line), limit=self._window, final=self._final
        )
        self._window *= 2
        if taken:
            self._take(taken)
            return rows
        if len(self._buffer) < self._options.max_row_bytes:
            return None
        self._set_aside_unclosed()
        return []

    def _set_aside_unclosed(self) -> None:
        """A record that does not end within the limit loses its first physical line."""
        limit = self._options.max_row_bytes
        end = next_line(self._buffer, 0)
        if end > limit or end == len(self._buffer):
            raise RowTooLargeError(
                f"The row that starts at line {self._line:,} (byte {self._offset:,}) does not end "
                f"within {limit:,} bytes. Check the line ends, or raise max_row_bytes.",
                line=self._line,
                byte=self._offset,
            )
        raw, offset, line = self._take(end)
        self._quarantine.add(
            raw,
            line=line,
            byte=offset,
            kind="quote",
            reason=f"a quote is opened and not closed within {limit:,} bytes",
        )

    def _slow_rows(
        self, piece: tuple[bytes, int, int], *, limit: int, final: bool
    ) -> tuple[list[Row], int]:
        """Rows read one by one until `limit` bytes are passed, and how many bytes that took."""
        data, offset, line = piece
        rows: list[Row] = []
        start = 0
        while start < min(limit, len(data)):
            record = read_record(data, start, delimiter=self._dialect.delimiter_byte, final=final)
            if isinstance(record, Unfinished):
                break
            raw = data[start : record.end]
            row = self._row(record, raw, line=line, byte=offset + start)
            if row is not None:
                rows.append(row)
            line += count_lines(raw)
            start = record.end
        return rows, start

    def _row(self, record: Record | Damaged, raw: bytes, *, line: int, byte: int) -> Row | None:
        if isinstance(record, Damaged):
            self._quarantine.add(raw, line=line, byte=byte, kind="quote", reason=record.reason)
            return None
        fields, width = record.fields, self._dialect.width
        if len(fields) != width:
            if fields == [None]:
                self.blank_lines += 1
                return None
            reason = f"{len(fields)} fields where {width} are expected"
            self._quarantine.add(raw, line=line, byte=byte, kind="fields", reason=reason)
            return None
        try:
            return [None if field is None else self._decode(field) for field in fields]
        except UnicodeDecodeError:
            self._set_aside_undecodable(raw, line=line, byte=byte)
            return None

    def _set_aside_undecodable(self, raw: bytes, *, line: int, byte: int) -> None:
        try:
            self._decode(raw)
            reason = f"the bytes are not {self._dialect.encoding}"
        except UnicodeDecodeError as error:
            value = raw[error.start]
            reason = (
                f"byte 0x{value:02X} at {byte + error.start:,} is not {self._dialect.encoding}; "
                "if you know the encoding, convert again with it (such as encoding=cp1252)"
            )
        self._quarantine.add(raw, line=line, byte=byte, kind="encoding", reason=reason)

    def _frame(self, rows: list[Row]) -> pl.DataFrame:
        return pl.DataFrame(rows, schema=self._schema, orient="row")
