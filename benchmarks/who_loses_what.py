"""The same ordinary files through polars, pyarrow, DuckDB, pandas and Datafleet: who loses what?

    python benchmarks/who_loses_what.py [--write docs/concepts/who-loses-what.md] [--only WORD]

Each reads every file with its defaults and writes Parquet, which is compared cell by cell with what
Python's csv and json modules and openpyxl say is in the file. Refusing a file loses nothing; nor
does setting a row aside where it can be found. The exit status is 1 when Datafleet loses a value.
"""

import argparse
import datetime as dt
import importlib.metadata
import json
import sys
import tempfile
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from _traps import TRAPS, Trap, Twice

LOST = "**lost**"
REFUSED = "refused"
_LIBRARIES = ["polars", "pyarrow", "duckdb", "pandas", "fastexcel", "openpyxl"]
_SHOWN = 24


_INTRODUCTION = """# Who loses what

Ordinary files, each read with the defaults of a library and written as Parquet, which is then
compared cell by cell with what Python's csv and json modules and openpyxl find in the file. A
refusal loses nothing, and a row that is set aside can be found. **lost** is what nobody is told.

Measured on {measured}, by
`benchmarks/who_loses_what.py`, which writes this page and fails when Datafleet loses a value.
pyarrow reads whole files here: its stream refuses more.
"""


class NotOffered(Exception):  # noqa: N818 - it is no error that a peer does not read a format
    """A peer that does not read a kind of file without the network."""


def by_polars(source: Path, sink: Path) -> None:
    """polars, streaming."""
    import polars as pl  # noqa: PLC0415 - each peer is imported where it is asked

    if source.suffix == ".xlsx":
        pl.read_excel(source).write_parquet(sink / "part-0.parquet")
        return
    scan = pl.scan_ndjson if source.suffix == ".jsonl" else pl.scan_csv
    scan(source).sink_parquet(sink / "part-0.parquet")


def by_pyarrow(source: Path, sink: Path) -> None:
    """pyarrow, the whole file, which sees more than its stream does."""
    import pyarrow.csv  # noqa: PLC0415 - as above
    import pyarrow.json  # noqa: PLC0415 - as above
    import pyarrow.parquet  # noqa: PLC0415 - as above

    if source.suffix == ".xlsx":
        raise NotOffered
    read = pyarrow.json.read_json if source.suffix == ".jsonl" else pyarrow.csv.read_csv
    pyarrow.parquet.write_table(read(source), sink / "part-0.parquet")


def by_duckdb(source: Path, sink: Path) -> None:
    """DuckDB's COPY."""
    import duckdb  # noqa: PLC0415 - as above

    if source.suffix == ".xlsx":
        raise NotOffered
    read = "read_json" if source.suffix == ".jsonl" else "read_csv"
    duckdb.connect().execute(
        f"COPY (SELECT * FROM {read}('{source}')) TO '{sink}/part-0.parquet'"  # noqa: S608 - own paths
    )


def by_pandas(source: Path, sink: Path) -> None:
    """pandas."""
    import pandas as pd  # noqa: PLC0415 - as above

    if source.suffix == ".xlsx":
        frame = pd.read_excel(source)
    elif source.suffix == ".jsonl":
        frame = pd.read_json(source, lines=True)
    else:
        frame = pd.read_csv(source)
    frame.to_parquet(sink / "part-0.parquet")


def by_datafleet(source: Path, sink: Path) -> None:
    """Ours."""
    from svc_parquet.conversions.convert import convert  # noqa: PLC0415 - as above

    convert(source, sink)


PEERS: dict[str, Callable[[Path, Path], None]] = {
    "polars": by_polars,
    "pyarrow": by_pyarrow,
    "DuckDB": by_duckdb,
    "pandas": by_pandas,
    "Datafleet": by_datafleet,
}


def judge(trap: Trap, peer: Callable[[Path, Path], None], *, source: Path, sink: Path) -> str:
    """What became of a file, in a word or two."""
    try:
        peer(source, sink)
    except NotOffered:
        return "not read"
    except Exception:  # noqa: BLE001 - whatever a peer raises, it has told
        return REFUSED
    rows = trap.rows(source.read_bytes())
    try:
        names, stored = _stored(sink)
    except NotImplementedError:
        return "kept in a type that pyarrow cannot read"
    if rows is None:
        return f"{LOST}: {len(names)} column invented"
    rows, aside = _without_quarantined(rows, sink)
    return _compared(trap, rows, names, stored) + aside


def _stored(sink: Path) -> tuple[list[str], list[list[Any]]]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    names: list[str] = []
    rows: list[list[Any]] = []
    for part in sorted(sink.glob("part-*.parquet")):
        table = pq.ParquetFile(part).read()
        names = table.column_names
        rows += map(list, zip(*(column.to_pylist() for column in table.columns), strict=True))
    return names, rows


def _without_quarantined(rows: list[list[Any]], sink: Path) -> tuple[list[list[Any]], str]:
    """The rows that must be in the table; one line is one row in the files that have bad ones."""
    path = sink / "quarantine.jsonl"
    if not path.exists():
        return rows, ""
    lines = [json.loads(line)["line"] for line in path.read_text().splitlines()]
    header = 0 if sink.name.endswith("jsonl") else 1
    places = {line - 1 - header for line in lines}
    return [row for place, row in enumerate(rows) if place not in places], (
        f", {len(lines):,} set aside"
    )


def _compared(trap: Trap, rows: list[list[Any]], names: list[str], stored: list[list[Any]]) -> str:
    if trap.columns is not None:
        missing = [column for column in trap.columns if column not in names]
        if missing:
            return f"{LOST}: the key `{missing[0]}`"
        stored = [[row[names.index(column)] for column in trap.columns] for row in stored]
    if len(stored) != len(rows):
        return f"{LOST}: {len(stored):,} of {len(rows):,} rows"
    width = max(map(len, rows), default=0)
    if len(names) == 1 < width:
        return "one column, not split"
    as_bytes = False
    for row, kept in zip(rows, stored, strict=True):
        for cell, value in zip(row + [None] * (width - len(row)), kept, strict=False):
            if isinstance(value, bytes) and value == str(cell).encode(trap.encoding):
                as_bytes = True
            elif not same(cell, value):
                return f"{LOST}: {_show(cell)} is {_show(value)}"
    return "kept as bytes" if as_bytes else "kept"


def same(cell: Any, value: Any) -> bool:
    """Whether a stored value is what was written."""
    if value is None or cell is None:
        return value is None and (cell is None or cell == "")
    if isinstance(cell, Twice):
        return False
    if isinstance(cell, dict | list):
        return bool(_plain(json.loads(value) if isinstance(value, str) else value) == _plain(cell))
    if isinstance(value, str):
        return value == str(cell)
    if isinstance(value, dt.date):
        text = value.isoformat()
        return cell in {text, text.replace("T", " "), text.removesuffix("T00:00:00")}
    return _same_number(str(cell), value)


def _same_number(text: str, value: Any) -> bool:
    """A number is kept when it is equal and the text had nothing that a number has not."""
    try:
        written, kept = Decimal(text), Decimal(str(value))
    except InvalidOperation:
        return False
    digits = text.lstrip("-")
    return written == kept and not (digits[0] in "0+" and digits[1:2].isdigit())


def _plain(value: Any) -> Any:
    """A nested value with its numbers as text and without the keys that hold nothing."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return str(value)


def _show(value: Any) -> str:
    if value is None or value == "":
        return "nothing" if value is None else "an empty text"
    text = str(value).replace("\n", "\\n")
    return f"`{text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}`"


def run(*, only: str) -> list[tuple[Trap, list[str]]]:
    """Every trap through every peer."""
    found = []
    for trap in TRAPS:
        if only not in trap.what:
            continue
        with tempfile.TemporaryDirectory() as temporary:
            source = Path(temporary) / trap.name
            source.write_bytes(trap.data())
            verdicts = []
            for name, peer in PEERS.items():
                sink = Path(temporary) / f"{name}-{source.suffix[1:]}"
                sink.mkdir()
                verdicts.append(judge(trap, peer, source=source, sink=sink))
        found.append((trap, verdicts))
        print(f"{trap.what}: {' | '.join(verdicts)}", file=sys.stderr)
    return found


def page(found: list[tuple[Trap, list[str]]]) -> str:
    """The table as Markdown."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES)
    lost = [sum(LOST in verdicts[place] for _, verdicts in found) for place in range(len(PEERS))]
    measured = f"{dt.datetime.now(dt.UTC):%d %B %Y} with {versions}"
    header = "| the file | " + " | ".join(PEERS) + " |"
    lines = [_INTRODUCTION.format(measured=measured), header, "|---|" + "---|" * len(PEERS)]
    for trap, verdicts in found:
        what = trap.what.replace("|", "\\|")
        lines.append(f"| {what} | " + " | ".join(v.replace("|", "\\|") for v in verdicts) + " |")
    totals = " | ".join(f"**{number}**" for number in lost)
    lines.append(f"| files of {len(found)} with a silent loss | {totals} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Read the arguments, run, print or write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--write", type=Path, help="write the page here")
    parser.add_argument("--only", default="", help="traps whose name holds this")
    arguments = parser.parse_args()
    found = run(only=arguments.only)
    text = page(found)
    if arguments.write:
        arguments.write.write_text(text, encoding="utf-8")
    else:
        print(text)
    if any(LOST in verdicts[-1] for _, verdicts in found):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
