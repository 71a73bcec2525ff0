"""Datafleet's lossless conversion against DuckDB's COPY, in CPU seconds, and is it right?

    python benchmarks/parquet.py [--rows 1500000] [--rounds 3] [--growth] [--keep FOLDER]

Every measurement is a fresh process; CPU (user + system) comes from wait4. Peak memory is told by
the process itself: wait4 would count what its parent held when it was started. Rounds are
interleaved and the median is shown. `work` leaves out what importing the libraries costs (a job
child of the fleet is forked with them loaded). The correctness check reads the source with
Python's csv module: counts and sums of all rows, cells of every 997th row.

Libraries are imported inside functions, so that a child pays for those of its own method only.
"""

import argparse
import csv
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from shared_lib.testing.processes import peak_memory

METHODS = ["datafleet", "duckdb", "duckdb-summarize"]
BLOCK = 100_000
STEP = 997
_WORDS = [
    "north",
    "south",
    "river",
    "stone",
    "light",
    "paper",
    "green",
    "quick",
    "amber",
    '"cloud,',
    'maple"',
    "said",
    '"then',
    'left;"',
    "cold",
    "winter",
    "line\nbreak",
    "table",
    "chair",
    "window",
    "garden",
    "Zürich",
]


def generate(path: Path, *, rows: int) -> None:
    """Write the synthetic table: 15 columns of the kinds that real files have, 210 B a row."""
    import numpy as np  # noqa: PLC0415 - see above

    rng = np.random.default_rng(7)
    with path.open("wb") as file:
        for start in range(0, rows, BLOCK):
            count = min(BLOCK, rows - start)
            frame = _block(rng, start=start, count=count)
            file.write(frame.write_csv(include_header=start == 0).encode())


def _block(rng: Any, *, start: int, count: int) -> Any:
    import numpy as np  # noqa: PLC0415 - see above
    import polars as pl  # noqa: PLC0415 - see above

    def some(column: pl.Series, share: float) -> pl.Series:
        return column.set(pl.Series(rng.random(count) < share), None)

    moments = 1_600_000_000_000_000 + rng.integers(0, 10**14, count)
    return pl.DataFrame(
        {
            "id": np.arange(start, start + count),
            "uuid": [rng.bytes(16).hex() for _ in range(count)],
            "zip": [f"{code:05d}" for code in rng.integers(501, 99_950, count)],
            "created_at": pl.Series(moments)
            .cast(pl.Datetime("us"))
            .dt.strftime("%Y-%m-%d %H:%M:%S"),
            "birthday": pl.Series(rng.integers(0, 20_000, count).astype("i4")).cast(pl.Date),
            "country": rng.choice(["DE", "FR", "US", "JP", "BR", "IN", "CN"], count),
            "city": some(pl.Series(rng.choice(["Berlin", "S\u00e3o Paulo", "Lyon"], count)), 0.2),
            "quantity": some(pl.Series(rng.integers(0, 1000, count)), 0.1),
            "amount": [f"{cents / 100:.2f}" for cents in rng.integers(-(10**6), 10**7, count)],
            "price": rng.random(count) * 1000,
            "ratio": rng.normal(size=count),
            "score": rng.integers(0, 10**6, count),
            "active": rng.random(count) < 0.7,
            "status": rng.choice(["new", "open", "closed", "on hold"], count),
            "comment": [" ".join(words) for words in rng.choice(_WORDS, (count, 8))],
        }
    )


def child(method: str, source: Path, target: Path) -> None:
    """Do one conversion in this process; print the CPU seconds spent on imports, and its memory."""
    if method == "datafleet":
        from svc_parquet.conversions.convert import convert  # noqa: PLC0415 - see above

        imported = _own_cpu()
        convert(source, target)
    else:
        import duckdb  # noqa: PLC0415 - see above

        imported = _own_cpu()
        target.mkdir(exist_ok=True)
        part = target / "part-00000.parquet"
        connection = duckdb.connect()
        connection.execute(
            f"COPY (SELECT * FROM read_csv('{source}')) TO '{part}' "  # noqa: S608 - own paths
            "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3)"
        )
        if method == "duckdb-summarize":
            connection.execute("SUMMARIZE SELECT * FROM read_parquet(?)", [str(part)]).fetchall()
    print(json.dumps([imported, peak_memory()]))


def _own_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


@dataclass(frozen=True)
class Measured:
    """One run: CPU seconds, those without imports, peak memory and output in bytes."""

    cpu: float
    work: float
    memory: int
    size: int


def measure(method: str, source: Path, target: Path) -> Measured:
    """Run one method in a fresh process."""
    shutil.rmtree(target, ignore_errors=True)
    command = [sys.executable, __file__, "--child", method, str(source), str(target)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=_environment(target.parent))
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{method} failed with {process.returncode}")
    cpu = usage.ru_utime + usage.ru_stime
    imported, memory = json.loads(output)
    size = sum(part.stat().st_size for part in target.glob("*.parquet"))
    return Measured(cpu, cpu - imported, memory, size)


def _environment(folder: Path) -> dict[str, str]:
    """Compiled modules are kept, whatever this shell says, so that imports cost the usual."""
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment | {"PYTHONPYCACHEPREFIX": str(folder / "pycache")}


def check(source: Path, target: Path) -> str:
    """Compare the result with the csv module's reading; says what was compared.

    Raises:
        AssertionError: a count, a sum or a cell differs.
    """
    rows, cells = 0, 0
    whole, cents, present = 0, Decimal(0), 0
    stored = _stored_rows(target)
    with source.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        names = next(reader)
        for rows, text in enumerate(reader, 1):
            values = next(stored)
            whole += int(text[11]) - values["score"]
            cents += Decimal(text[8]) - values["amount"]
            present += bool(text[7]) - (values["quantity"] is not None)
            if rows % STEP == 1:
                cells += len(names)
                for name, cell in zip(names, text, strict=True):
                    assert _same(cell, values[name]), (rows, name, cell, values[name])
    assert next(stored, None) is None
    assert whole == cents == present == 0
    return f"{rows:,} rows counted and summed, {cells:,} cells compared: all equal"


def _stored_rows(target: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - see above

    for part in sorted(target.glob("part-*.parquet")):
        for batch in pq.ParquetFile(part).iter_batches(20_000):
            yield from batch.to_pylist()


def _same(text: str, value: Any) -> bool:
    if value is None or isinstance(value, str):
        return text == (value or "")
    if isinstance(value, bool):
        return text == str(value).lower()
    if isinstance(value, float):
        return Decimal(text) == Decimal(repr(value))
    return text == str(value)


def report(source: Path, runs: dict[str, list[Measured]]) -> None:
    """Print the table of medians."""
    megabytes = source.stat().st_size / 1e6
    print(f"\n{megabytes:,.0f} MB of CSV, {len(runs['datafleet'])} interleaved rounds, medians\n")
    print("| method | CPU s | of which work | peak MB | output MB | datafleet / this, CPU (work) |")
    print("|---|---|---|---|---|---|")
    ours = runs["datafleet"]
    for method, all_runs in runs.items():
        cpu, work = _median(all_runs, "cpu"), _median(all_runs, "work")
        ratio = f"{_median(ours, 'cpu') / cpu:.2f} ({_median(ours, 'work') / work:.2f})"
        print(
            f"| {method} | {cpu:.2f} | {work:.2f} | {_median(all_runs, 'memory') / 1e6:,.0f} "
            f"| {_median(all_runs, 'size') / 1e6:,.1f} | {ratio} |"
        )


def _median(runs: list[Measured], name: str) -> float:
    return statistics.median(float(getattr(run, name)) for run in runs)


def benchmark(folder: Path, *, rows: int, rounds: int, growth: bool) -> None:
    """Generate, measure, check, print."""
    source, target = folder / f"rows-{rows}.csv", folder / "result"
    if not source.exists():
        generate(source, rows=rows)
    runs: dict[str, list[Measured]] = {method: [] for method in METHODS}
    checked = ""
    for _ in range(rounds):
        for method in METHODS:
            runs[method].append(measure(method, source, target))
            if method == "datafleet" and not checked:
                checked = check(source, target)
    report(source, runs)
    print(f"\nCorrectness: {checked}.")
    if growth:
        _growth(folder, target, source=source, rows=rows, runs=runs)


def _growth(
    folder: Path, target: Path, *, source: Path, rows: int, runs: dict[str, list[Measured]]
) -> None:
    """Peak memory on four times the rows."""
    large = folder / f"rows-{4 * rows}.csv"
    if not large.exists():
        generate(large, rows=4 * rows)
    memory = statistics.median(measure("datafleet", large, target).memory for _ in range(3))
    before = _median(runs["datafleet"], "memory")
    print(
        f"\nGrowth: {source.stat().st_size / 1e6:,.0f} MB to {large.stat().st_size / 1e6:,.0f} MB "
        f"of input, peak {before / 1e6:,.0f} MB to {memory / 1e6:,.0f} MB "
        f"({100 * (memory / before - 1):+.1f} %)."
    )


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_500_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--growth", action="store_true", help="also convert four times the rows")
    parser.add_argument("--keep", type=Path, help="keep (and reuse) the generated files here")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        method, source, target = arguments.child
        child(method, Path(source), Path(target))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        benchmark(folder, rows=arguments.rows, rounds=arguments.rounds, growth=arguments.growth)


if __name__ == "__main__":
    main()
