"""The gate: false alarms, shifts found, and CPU time against Evidently's preset.

    python benchmarks/drift.py [--pairs 200] [--rows 100000] [--columns 20]

Three questions, each with its own data:

- of pairs without any drift, how many does the gate hold back (suite inferred from the first)?
- of pairs with one column shifted by a tenth of a standard deviation (20,000 rows), how many does
  it find, and does it blame that column alone?
- how much CPU time does drift of 100,000 x 20 take, and a whole suite on 1,000,000 x 20, with
  which peak of memory? Evidently, when it is installed beside us (`--evidently PYTHON`), answers
  the same question on the same files, each in processes of its own, median of three.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from _measuring import verdict

from shared_lib.contracts.suites import Suite
from svc_quality.checks.engine import judge
from svc_quality.checks.table import Table
from svc_quality.suites.inference import infer_suite

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DRIFT = Suite.model_validate({"name": "drift", "checks": [{"check": "drift"}]})
SHIFTED = ("n0", "n1", "n2")

EVIDENTLY = """
import json, sys, time
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
begun = time.process_time()
sides = [pd.read_parquet(path) for path in sys.argv[1:3]]
found = Report([DataDriftPreset()]).run(sides[1], sides[0]).dict()
print(json.dumps({"work_s": time.process_time() - begun, "metrics": len(found["metrics"])}))
"""


def write(path: Path, *, rows: int, columns: int, seed: int, shift: float = 0.0) -> Path:
    """Seven tenths numbers, the rest categories; the first three numbers may be shifted."""
    rng = np.random.default_rng(seed)
    numeric = columns * 7 // 10
    data: dict[str, object] = {
        f"n{i}": rng.normal(shift if f"n{i}" in SHIFTED else 0.0, 1, rows) for i in range(numeric)
    }
    for i in range(columns - numeric):
        data[f"c{i}"] = rng.choice(list("abcdef"), rows, p=[0.4, 0.25, 0.15, 0.1, 0.07, 0.03])
    pl.DataFrame(data).write_parquet(path, row_group_size=10_000)
    return path


def false_alarms(folder: Path, pairs: int) -> None:
    """Pairs of the same distribution, judged by a suite that was inferred from the first."""
    print(f"{'rows':>8}{'alarms':>10}{'share':>9}")
    for rows in (500, 5_000, 20_000):
        held = 0
        for seed in range(pairs):
            sides = [
                Table.scan([write(folder / f"{side}.parquet", rows=rows, columns=20,
                                  seed=2 * seed + side)])
                for side in (0, 1)
            ]  # fmt: skip
            suite = infer_suite(sides[0], name="inferred")
            held += judge(sides[1], suite=suite, now=NOW, reference=sides[0]).verdict != "passed"
        share = held / pairs
        print(f"{rows:8}{held:7}/{pairs}{share:9.3f}   {verdict(share, goal=0.05)}")


def found_shifts(folder: Path, pairs: int) -> None:
    """A tenth of a deviation in three of twenty columns, 20,000 rows."""
    found = clean = 0
    for seed in range(pairs):
        sides = [
            Table.scan([write(folder / f"{side}.parquet", rows=20_000, columns=20,
                              seed=10_000 + 2 * seed + side, shift=0.1 * side)])
            for side in (0, 1)
        ]  # fmt: skip
        report = judge(sides[1], suite=DRIFT, now=NOW, reference=sides[0])
        blamed = {each.column for each in report.results if each.status != "passed"}
        found += blamed >= set(SHIFTED)
        clean += blamed <= set(SHIFTED)
    share = found / pairs
    print(f"shift of 0.1 found: {found}/{pairs} ({verdict(share, goal=0.95, at_least=True)})")
    print(f"nothing else blamed: {clean}/{pairs}")


def measured(code: str, *arguments: object, python: str = sys.executable) -> dict[str, float]:
    """One process: CPU seconds and peak memory of all of it, imports too."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ended = subprocess.run(
        [python, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    if ended.returncode:
        sys.exit(ended.stderr[-2000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    said = json.loads(ended.stdout.splitlines()[-1])
    return {"cpu_s": cpu, "wall_s": time.perf_counter() - started, **said}


OURS = """
import json, resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
from shared_lib.contracts.suites import Suite
from svc_quality.checks.engine import judge
from svc_quality.checks.table import Table
import scipy.stats
begun = time.process_time()
sides = [Table.scan([Path(p)]) for p in sys.argv[1:3]]
suite = Suite.model_validate_json(sys.argv[3])
report = judge(sides[1], suite=suite, now=datetime.now(UTC), reference=sides[0])
print(json.dumps({"verdict": report.verdict, "work_s": time.process_time() - begun, "memory_mb":
    resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    "blamed": sorted({r.column for r in report.results if r.status != "passed"})}))
"""


def cost(folder: Path, *, rows: int, columns: int, evidently: str | None) -> None:
    """CPU seconds of whole processes."""
    sides = [write(folder / f"cost{side}.parquet", rows=rows, columns=columns, seed=side,
                   shift=0.3 * side) for side in (0, 1)]  # fmt: skip
    ours, theirs = [], []
    for _ in range(3):
        ours.append(measured(OURS, *sides, DRIFT.model_dump_json()))
        if evidently:
            theirs.append(measured(EVIDENTLY, *sides, python=evidently))
    print(f"drift of {rows:,} x {columns}, blamed {ours[0]['blamed']}")
    # A job's child starts with its imports done; a command line pays for them.
    for what, name in (("work_s", "files read and judged"), ("cpu_s", "whole process")):
        cpu = statistics.median(each[what] for each in ours)
        line = f"  {name}: {cpu:.2f} CPU s"
        if theirs:
            peer = statistics.median(each[what] for each in theirs)
            said = verdict(peer / cpu, goal=20, at_least=True)
            line += f", Evidently's preset {peer:.2f}: {peer / cpu:.1f} x ({said})"
        print(line)

    large = [write(folder / f"large{side}.parquet", rows=1_000_000, columns=20, seed=side)
             for side in (0, 1)]  # fmt: skip
    suite = infer_suite(Table.scan([large[0]]), name="whole")
    runs = [measured(OURS, *large, suite.model_dump_json()) for _ in range(3)]
    cpu = statistics.median(each["cpu_s"] for each in runs)
    work = statistics.median(each["work_s"] for each in runs)
    memory = max(each["memory_mb"] for each in runs)
    print(
        f"1,000,000 x 20, {len(suite.checks)} checks: {cpu:.2f} CPU s ({verdict(cpu, goal=5)}), "
        f"of which {work:.2f} is work, "
        f"{memory:.0f} MB ({verdict(memory, goal=1000)}), {runs[0]['verdict']}"
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description="The gate's errors and its cost")
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--only", choices=["cost", "errors"], help="One half of it.")
    parser.add_argument("--evidently", help="A Python that has evidently and pandas<3.")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as name:
        folder = Path(name)
        if chosen.only != "errors":
            cost(folder, rows=chosen.rows, columns=chosen.columns, evidently=chosen.evidently)
        if chosen.only != "cost":
            false_alarms(folder, chosen.pairs)
            found_shifts(folder, chosen.pairs)


if __name__ == "__main__":
    main()
