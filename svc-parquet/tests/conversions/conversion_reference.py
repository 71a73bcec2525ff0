"""An own, slow reading of files and of Parquet that shares no code with the converter."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from shared_lib.contracts.conversions import ConversionReport, FileReport

Convert = Callable[..., tuple[ConversionReport, Path]]
"""The fixture `run`: bytes and options in, report and result folder out."""
ConvertFile = Callable[..., tuple[FileReport, Path]]
"""The fixture `run_file`, for files of several tables."""


class Token(str):
    """A JSON number as it was written."""


def csv_cells(text: str, *, delimiter: str = ",") -> list[list[str]]:
    """Rows of text by Python's csv module; blank lines of a wider table are left out."""
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    return [row for row in rows if row]


def json_rows(text: str) -> list[dict[str, Any]]:
    """Objects with numbers as they were written."""
    return [
        json.loads(line, parse_int=Token, parse_float=Token)
        for line in text.split("\n")
        if line.strip()
    ]


def parquet_table(sink: Path) -> pa.Table:
    """All parts of a result as pyarrow reads them."""
    parts = sorted(sink.glob("part-*.parquet"))
    return pa.concat_tables([pq.read_table(part) for part in parts])


def quarantined(sink: Path) -> list[dict[str, Any]]:
    """The quarantine's entries, or none."""
    path = sink / "quarantine.jsonl"
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def keeps(text: str, value: Any, *, type_name: str, spelling: str | None = None) -> bool:
    """Whether a stored value is what was written, by rules of its own."""
    if value is None:
        return False
    if type_name.startswith("decimal"):
        written = Decimal(text)
        return written == value and not (written.is_zero() and text.startswith("-"))
    if type_name == "float64":
        return Decimal(repr(value)) == Decimal(text) and text.strip() == text
    return _formatted(value, type_name=type_name, spelling=spelling or "true/false") == text


def _formatted(value: Any, *, type_name: str, spelling: str) -> str:
    if type_name == "boolean":
        return spelling.split("/")[0 if value else 1]
    if type_name == "date":
        return str(value.isoformat())
    if type_name == "datetime":
        return _datetime_text(value, spelling)
    return str(value)


def _datetime_text(value: Any, pattern: str) -> str:
    nanoseconds = getattr(value, "nanosecond", 0)
    micro = value.microsecond
    pattern = pattern.replace("%Y", f"{value.year:04d}")  # glibc does not pad early years
    pattern = pattern.replace("%.9f", f".{micro:06d}{nanoseconds:03d}")
    pattern = pattern.replace("%.6f", f".{micro:06d}").replace("%.3f", f".{micro // 1000:03d}")
    return str(value.strftime(pattern))


def assert_cells(
    rows: list[list[str | None]], sink: Path, report: ConversionReport, *, names: list[str]
) -> None:
    """Compare every cell with the Parquet files; None means that a null is expected.

    An expected empty text may be a null, because the csv module cannot tell them apart.
    """
    table = parquet_table(sink)
    assert table.column_names == names
    assert table.num_rows == len(rows) == report.rows
    for place, decision in enumerate(report.decisions.columns):
        values = table.column(place).to_pylist()
        for number, (row, value) in enumerate(zip(rows, values, strict=True)):
            text = row[place]
            if text is None or (text == "" and value is None):
                assert value is None, (decision, number, text, value)
                continue
            assert keeps(text, value, type_name=decision.type, spelling=decision.format), (
                decision,
                number,
                text,
                value,
            )


_CHILD = """
import json, sys
from pathlib import Path
from shared_lib.contracts.errors import FleetError
from shared_lib.testing.processes import peak_memory
from svc_parquet.conversions.convert import convert
before = peak_memory()
try:
    outcome = convert(Path(sys.argv[1]), Path(sys.argv[2])).rows
except FleetError as error:
    outcome = [error.code, error.place]
print(json.dumps([outcome, peak_memory() - before]))
"""


def in_child(source: Path, sink: Path) -> tuple[object, int]:
    """What became of a conversion in a process of its own, and the memory it took in bytes."""
    run = subprocess.run(
        [sys.executable, "-c", _CHILD, str(source), str(sink)],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    outcome, memory = json.loads(run.stdout)
    return outcome, memory
