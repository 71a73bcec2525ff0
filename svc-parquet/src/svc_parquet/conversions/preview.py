"""The first rows of a table as JSON."""

import json
from pathlib import Path

import polars as pl

from shared_lib.contracts.conversions import ColumnDecision, Scalar
from svc_parquet.conversions.json_values import json_values

PREVIEW_NAME = "preview.json"
PREVIEW_ROWS = 100
PREVIEW_BYTES = 4 * 1024 * 1024


class Preview:
    """Collects the first 100 rows, or fewer when they would pass 4 MiB of text."""

    def __init__(self) -> None:
        self._rows: list[list[Scalar]] = []
        self._bytes = 0
        self._full = False

    def add(self, frame: pl.DataFrame) -> None:
        """Take in a block of typed rows."""
        if self._full:
            return
        head = frame.head(PREVIEW_ROWS - len(self._rows))
        columns = [json_values(series) for series in head.iter_columns()]
        for row in zip(*columns, strict=True):
            self._bytes += sum(len(value) for value in row if isinstance(value, str))
            if self._bytes > PREVIEW_BYTES:
                self._full = True
                return
            self._rows.append(list(row))
        self._full = len(self._rows) >= PREVIEW_ROWS

    def write(self, folder: Path, *, columns: list[ColumnDecision]) -> None:
        """Write `preview.json`: `columns` (name, type, origin, reason) and `rows`."""
        shown = [
            {"name": c.name, "type": c.type, "origin": c.origin, "reason": c.reason}
            for c in columns
        ]
        content = {"columns": shown, "rows": self._rows}
        path = folder / PREVIEW_NAME
        path.write_text(json.dumps(content, ensure_ascii=False, allow_nan=False), encoding="utf-8")
