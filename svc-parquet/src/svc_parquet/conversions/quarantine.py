"""Rows that cannot be read are set aside byte for byte, with their place and the reason."""

import base64
import json
from collections import Counter
from pathlib import Path
from typing import BinaryIO

from shared_lib.contracts.conversions import OnBadRows, QuarantinePlace, QuarantineSummary
from svc_parquet.conversions.errors import MalformedRowsError

QUARANTINE_NAME = "quarantine.jsonl"
_FIRST_PLACES = 20


class Quarantine:
    """Collects bad rows into a JSON lines file, one object a row.

    Keys: `line` (first line is 1), `byte` (first byte is 0, counted in the decompressed file),
    `reason`, and either `text` (the raw bytes, which are UTF-8) or `base64` (they are not).
    The file is made by the first bad row, so a clean conversion leaves none.
    """

    def __init__(self, folder: Path, *, on_bad_rows: OnBadRows) -> None:
        self._path = folder / QUARANTINE_NAME
        self._on_bad_rows = on_bad_rows
        self._file: BinaryIO | None = None
        self._kinds: Counter[str] = Counter()
        self._first: list[QuarantinePlace] = []
        self._bytes = 0
        self._path.unlink(missing_ok=True)

    @property
    def rows(self) -> int:
        """How many rows were set aside so far."""
        return self._kinds.total()

    def count(self, kind: str) -> int:
        """How many rows were set aside for one kind of reason."""
        return self._kinds[kind]

    def add(self, raw: bytes, *, line: int, byte: int, kind: str, reason: str) -> None:
        """Set one row aside; `kind` groups reasons in the summary.

        Raises:
            MalformedRowsError: the caller asked to fail at the first bad row.
        """
        if self._on_bad_rows == "fail":
            raise MalformedRowsError(
                f"Line {line:,} (byte {byte:,}) cannot be read: {reason}. Repair it, or convert "
                "with on_bad_rows=quarantine to set such rows aside and keep the rest.",
                line=line,
                byte=byte,
            )
        if self._file is None:
            self._file = self._path.open("wb")
        entry: dict[str, object] = {"line": line, "byte": byte, "reason": reason}
        try:
            entry["text"] = raw.decode("utf-8")
        except UnicodeDecodeError:
            entry["base64"] = base64.b64encode(raw).decode("ascii")
        self._file.write(json.dumps(entry, ensure_ascii=False).encode("utf-8") + b"\n")
        self._kinds[kind] += 1
        self._bytes += len(raw)
        if len(self._first) < _FIRST_PLACES:
            self._first.append(QuarantinePlace(line=line, byte=byte, reason=reason))

    def close(self) -> None:
        """Finish the file."""
        if self._file is not None:
            self._file.close()

    def discard(self) -> None:
        """Forget everything: the pass did not hold."""
        self.close()
        self._path.unlink(missing_ok=True)

    def summary(self) -> QuarantineSummary:
        """Counts, reasons and the first places."""
        return QuarantineSummary(
            rows=self.rows,
            bytes=self._bytes,
            reasons=dict(self._kinds.most_common()),
            first=self._first,
            file=QUARANTINE_NAME if self.rows else None,
        )
