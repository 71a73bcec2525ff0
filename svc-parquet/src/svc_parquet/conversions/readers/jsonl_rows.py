"""The objects of a JSON lines file in blocks; lines that hold none go to the quarantine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared_lib.contracts.conversions import ConversionOptions
from svc_parquet.conversions.byte_source import ByteProgress, ByteSource
from svc_parquet.conversions.dialect import Dialect
from svc_parquet.conversions.errors import RowTooLargeError
from svc_parquet.conversions.json_rows import UnreadableJsonError, read_object
from svc_parquet.conversions.quarantine import Quarantine
from svc_parquet.conversions.recoding import Recoder

_BLOCK_BYTES = 4 * 1024 * 1024
_WHITE = " \t\r\n"


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
        self.blank_lines = 0

    def __iter__(self) -> Iterator[list[dict[str, Any]]]:
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
                rows = self._rows(whole)
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

    def _rows(self, whole: bytes) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        lines = whole.split(self._dialect.eol)
        if not lines[-1]:
            lines.pop()
        for raw in lines:
            try:
                text = raw.decode(self._dialect.encoding).strip(_WHITE)
                if text:
                    rows.append(read_object(text))
                else:
                    self.blank_lines += 1
            except UnicodeDecodeError as error:
                self._set_aside(raw, "encoding", self._undecodable(raw, error))
            except UnreadableJsonError as error:
                self._set_aside(raw, "json", str(error))
            self._line += 1
            self._offset += len(raw) + 1
        return rows

    def _undecodable(self, raw: bytes, error: UnicodeDecodeError) -> str:
        return (
            f"byte 0x{raw[error.start]:02X} at {self._offset + error.start:,} is not "
            f"{self._dialect.encoding}; if you know the encoding, convert again with it (such as "
            "encoding=cp1252)"
        )

    def _set_aside(self, raw: bytes, kind: str, reason: str) -> None:
        self._quarantine.add(raw, line=self._line, byte=self._offset, kind=kind, reason=reason)
