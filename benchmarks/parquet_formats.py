"""Datafleet on JSON, workbooks, many small files and queries, each against its peer.

    python benchmarks/parquet_formats.py [--only WORD] [--rounds 3] [--scale 1.0] [--keep FOLDER]

Every measurement is a fresh process, as in `parquet.py`; CPU is user + system seconds without what
importing costs, medians of interleaved rounds. Each result is compared with what was written.
"""

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _measuring import verdict
from parquet import _block, _environment, _own_cpu, generate

from shared_lib.testing.processes import peak_memory

FILES = 10_000
SHEETS, SHEET_ROWS = 2, 50_000
QUERIES = 200
PAUSE_S = 0.05


def _convert(source: Path, target: Path) -> None:
    from svc_parquet.conversions.convert import convert_file  # noqa: PLC0415 - as in parquet.py

    convert_file(source, target)


def _duckdb_json(source: Path, target: Path) -> None:
    import duckdb  # noqa: PLC0415 - as in parquet.py

    duckdb.connect().execute(
        f"COPY (SELECT * FROM read_json('{source}')) TO '{target}/part-0.parquet' "  # noqa: S608 - own paths
        "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3)"
    )


def _pandas_csv(source: Path, target: Path) -> None:
    import pandas as pd  # noqa: PLC0415 - as in parquet.py

    pd.read_csv(source).to_parquet(target / "part-0.parquet")


def _pandas_sheets(source: Path, target: Path) -> None:
    import pandas as pd  # noqa: PLC0415 - as in parquet.py

    for name, frame in pd.read_excel(source, sheet_name=None).items():
        frame.to_parquet(target / f"{name}.parquet")


def _polars_loop(source: Path, target: Path) -> None:
    import polars as pl  # noqa: PLC0415 - as in parquet.py

    with zipfile.ZipFile(source) as archive:
        for number, name in enumerate(archive.namelist()):
            frame = pl.read_csv(archive.read(name))
            frame.write_parquet(target / f"{number}.parquet", compression_level=3)


METHODS: dict[str, Callable[[Path, Path], None]] = {
    "datafleet": _convert,
    "duckdb-json": _duckdb_json,
    "pandas": _pandas_csv,
    "pandas-sheets": _pandas_sheets,
    "polars-loop": _polars_loop,
}
_IMPORTS = {
    "datafleet": "svc_parquet.conversions.convert",
    "duckdb-json": "duckdb",
    "pandas": "pandas",
    "pandas-sheets": "pandas",
    "polars-loop": "polars",
}


def child(method: str, source: Path, target: Path) -> None:
    """Do one conversion in this process; print the CPU seconds spent on imports, and its memory."""
    __import__(_IMPORTS[method])
    imported = _own_cpu()
    METHODS[method](source, target)
    print(json.dumps([imported, peak_memory()]))


@dataclass(frozen=True)
class Run:
    """CPU seconds without imports, peak memory of the process in bytes, bytes written."""

    cpu: float
    memory: int
    size: int


def measure(method: str, source: Path, target: Path) -> Run:
    """One conversion in a fresh process; the CPU of what it starts counts too."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, __file__, "--child", method, str(source), str(target)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=_environment(target.parent))
    assert process.stdout is not None
    output = process.stdout.read()
    if process.wait():
        raise SystemExit(f"{method} failed with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    size = sum(part.stat().st_size for part in target.rglob("*.parquet"))
    imported, memory = json.loads(output)
    return Run(cpu - imported, memory, size)


def compare(source: Path, target: Path, *, peers: list[str], rounds: int) -> dict[str, Run]:
    """Medians of interleaved rounds; the result of Datafleet is what lies in `target` at last."""
    runs: dict[str, list[Run]] = {method: [] for method in [*peers, "datafleet"]}
    for _ in range(rounds):
        for method, found in runs.items():
            found.append(measure(method, source, target))
    return {method: _median(found) for method, found in runs.items()}


def _median(runs: list[Run]) -> Run:
    return Run(
        cpu=statistics.median(run.cpu for run in runs),
        memory=int(statistics.median(run.memory for run in runs)),
        size=runs[-1].size,
    )


def _tell(what: str, medians: dict[str, Run]) -> None:
    print(f"\n{what}")
    for method, run in medians.items():
        print(
            f"  {method:14} {run.cpu:8.2f} CPU s  {run.memory / 1e6:8,.0f} MB peak  "
            f"{run.size / 1e6:8,.1f} MB written"
        )


def _stored(target: Path) -> list[Any]:
    """The Parquet files of a result, table by table."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - as in parquet.py

    return [pq.read_table(path) for path in sorted(target.rglob("*.parquet"))]


def jsonl(folder: Path, *, rounds: int, scale: float) -> None:
    """Flat JSON lines against DuckDB."""
    source, rows = folder / "rows.jsonl", int(600_000 * scale)
    texts = _write_lines(source, rows=rows)
    medians = compare(source, folder / "result", peers=["duckdb-json"], rounds=rounds)
    (table,) = _stored(folder / "result")
    for number in range(0, rows, 997):
        row = table.slice(number, 1).to_pylist()[0]
        assert {key: _jsonable(value) for key, value in row.items()} == json.loads(texts[number])
    _tell(
        f"JSON lines, {source.stat().st_size / 1e6:,.0f} MB, cells of every 997th row equal",
        medians,
    )
    ratio = medians["datafleet"].cpu / medians["duckdb-json"].cpu
    print(f"  CPU / DuckDB {ratio:.2f}: {verdict(ratio, goal=1.5)}")


def _write_lines(source: Path, *, rows: int) -> list[str]:
    import numpy as np  # noqa: PLC0415 - as in parquet.py

    frame = _block(np.random.default_rng(7), start=0, count=rows)
    text: str = frame.write_ndjson()
    source.write_text(text, encoding="utf-8")
    return text.split("\n")


def _jsonable(value: Any) -> Any:
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def array(folder: Path, *, rounds: int, scale: float) -> None:
    """One JSON array of a gigabyte: memory."""
    source, size = folder / "array.json", int(1e9 * scale)
    rows = 0
    with source.open("w", encoding="utf-8") as file:
        file.write("[")
        while file.tell() < size:
            file.write(
                (",\n" if rows else "\n")
                + ",\n".join(
                    json.dumps({"id": n, "text": "x" * (n % 120), "v": n / 4, "day": "2026-01-05"})
                    for n in range(rows, rows + 10_000)
                )
            )
            rows += 10_000
        file.write("]")
    medians = compare(source, folder / "result", peers=[], rounds=min(rounds, 1))
    (table,) = _stored(folder / "result")
    assert table.num_rows == rows
    assert table.column("v").to_pylist()[::997] == [n / 4 for n in range(0, rows, 997)]
    _tell(f"A JSON array, {source.stat().st_size / 1e6:,.0f} MB, {rows:,} rows", medians)
    memory = medians["datafleet"].memory / 1e6
    print(f"  peak MB {memory:,.0f}: {verdict(memory, goal=400)}")
    source.unlink()


def sheets(folder: Path, *, rounds: int, scale: float) -> None:
    """A workbook against pandas with openpyxl."""
    import numpy as np  # noqa: PLC0415 - as in parquet.py
    import xlsxwriter  # noqa: PLC0415 - as in parquet.py

    source, rows = folder / "book.xlsx", int(SHEET_ROWS * scale)
    frame = _block(np.random.default_rng(7), start=0, count=rows)
    with xlsxwriter.Workbook(source, {"constant_memory": True}) as book:
        for name in (f"S{number}" for number in range(SHEETS)):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, frame.columns)
            for number, row in enumerate(frame.iter_rows(), 1):
                for column, cell in enumerate(row):
                    if cell is not None:
                        plain = isinstance(cell, str | bool | int | float)
                        sheet.write(number, column, cell if plain else str(cell))
    medians = compare(source, folder / "result", peers=["pandas-sheets"], rounds=rounds)
    tables = _stored(folder / "result")
    for name in ("id", "zip", "price", "city", "score"):
        wanted = frame[name].to_list()
        if name == "price":  # xlsxwriter writes 16 digits of a double
            wanted = [float(f"{value:.16G}") for value in wanted]
        assert all(table.column(name).to_pylist() == wanted for table in tables), name
    _tell(f"A workbook, {SHEETS} sheets of {rows:,} x 15, five columns equal", medians)
    ratio = medians["pandas-sheets"].cpu / medians["datafleet"].cpu
    print(f"  pandas / CPU {ratio:.1f}: {verdict(ratio, goal=8, at_least=True)}")


def sizes(folder: Path, *, rounds: int, scale: float) -> None:
    """The size of the result against pandas' snappy."""
    source = folder / f"rows-{int(500_000 * scale)}.csv"
    generate(source, rows=int(500_000 * scale))
    medians = compare(source, folder / "result", peers=["pandas"], rounds=min(rounds, 1))
    _tell(f"Size, {source.stat().st_size / 1e6:,.0f} MB of CSV", medians)
    ratio = medians["datafleet"].size / medians["pandas"].size
    print(f"  size / pandas {ratio:.3f}: {verdict(ratio, goal=0.62)}")


def files(folder: Path, *, rounds: int, scale: float) -> None:
    """Many small files in an archive against a bare loop over polars."""
    source, count = folder / "many.zip", int(FILES * scale)
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            lines = "".join(f"{number},{n},{n / 4},x{n}\n" for n in range(20))
            archive.writestr(f"d{number % 100}/f{number}.csv", f"file,n,v,t\n{lines}")
    medians = compare(source, folder / "result", peers=["polars-loop"], rounds=rounds)
    tables = _stored(folder / "result")
    assert len(tables) == count
    assert sorted(table.column("file")[0].as_py() for table in tables) == list(range(count))
    assert all(table.column("n").to_pylist() == list(range(20)) for table in tables)
    _tell(f"{count:,} files in a zip, all of them there", medians)
    ratio = medians["datafleet"].cpu / medians["polars-loop"].cpu
    print(f"  CPU / loop {ratio:.2f}: {verdict(ratio, goal=2)}")


def queries(folder: Path, *, rounds: int, scale: float) -> None:  # noqa: ARG001 - as the others
    """A small question to a warm query process against DuckDB in this process, in wall time.

    Between questions there is a pause, in which the process makes the next one's database ready.
    """
    import duckdb  # noqa: PLC0415 - as in parquet.py

    from shared_lib.answering.processes import AnsweringProcesses  # noqa: PLC0415 - as in parquet.py
    from svc_parquet.queries.service import answerers  # noqa: PLC0415 - as in parquet.py
    from svc_parquet.queries.settings import QuerySettings  # noqa: PLC0415 - as in parquet.py

    source, target = folder / "asked.csv", folder / "result"
    generate(source, rows=int(200_000 * scale))
    measure("datafleet", source, target)
    part = str(next(target.rglob("*.parquet")))
    sql = "SELECT country, count(*) AS n FROM data GROUP BY ALL ORDER BY ALL"
    processes = AnsweringProcesses(answerers(QuerySettings()))
    question = {"kind": "query", "parts": [part], "sql": sql, "limit": 100, "most_bytes": 10**7}
    plain, ours = [], []
    bare = duckdb.connect()
    bare.execute(f"CREATE VIEW data AS FROM read_parquet('{part}')")
    for _ in range(QUERIES):
        start = time.perf_counter()
        expected = bare.execute(sql).fetchall()
        plain.append(time.perf_counter() - start)
        start = time.perf_counter()
        _, pieces = processes.ask({**question, "form": "application/json"})
        answer = b"".join(pieces)
        ours.append(time.perf_counter() - start)
        time.sleep(PAUSE_S)
    processes.close()
    rows = json.loads(answer)
    assert [tuple(row) for row in rows.get("rows", rows)] == expected, answer[:200]
    more = 1000 * (statistics.median(ours) - statistics.median(plain))
    print(
        f"\n{QUERIES} small queries, equal: plain {1000 * statistics.median(plain):.1f} ms, "
        f"ours {1000 * statistics.median(ours):.1f} ms\n  ms more {more:.1f}: "
        f"{verdict(more, goal=20)}"
    )


BENCHMARKS: dict[str, Callable[..., None]] = {
    "jsonl": jsonl,
    "array": array,
    "sheets": sheets,
    "sizes": sizes,
    "files": files,
    "queries": queries,
}


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", choices=sorted(BENCHMARKS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="of all sizes")
    parser.add_argument("--keep", type=Path, help="work in this folder")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        method, source, target = arguments.child
        child(method, Path(source), Path(target))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name, benchmark in BENCHMARKS.items():
            if arguments.only in {None, name}:
                benchmark(folder, rounds=arguments.rounds, scale=arguments.scale)


if __name__ == "__main__":
    main()
