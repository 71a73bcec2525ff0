"""Small tables, and suites in few words."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from shared_lib.contracts.quality import CheckResult, QualityReport
from shared_lib.contracts.suites import Suite
from svc_quality.checks.engine import judge
from svc_quality.checks.table import Table

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def table(folder: Path, columns: Mapping[str, Any], *, name: str = "table") -> Table:
    """The columns as a Parquet file of two row groups, scanned."""
    path = folder / f"{name}.parquet"
    frame = pl.DataFrame(columns)
    frame.write_parquet(path, row_group_size=max(frame.height // 2, 1))
    return Table.scan([path])


def suite(*checks: Mapping[str, Any]) -> Suite:
    """A suite as people write it."""
    return Suite.model_validate({"name": "suite", "checks": list(checks)})


def judged(now: Table, *checks: Mapping[str, Any], reference: Table | None = None) -> QualityReport:
    """The report of a suite of these checks."""
    return judge(now, suite=suite(*checks), now=NOW, reference=reference)


def only(report: QualityReport) -> CheckResult:
    """The one result of a suite of one check."""
    (result,) = report.results
    return result


def statuses(report: QualityReport) -> dict[str, str]:
    """The outcome of each check."""
    return {each.id: each.status.value for each in report.results}


def sales(rows: int, *, seed: int, shift: float = 0.0) -> dict[str, Sequence[Any]]:
    """Numbers, categories, text and gaps; `shift` moves one number by so many deviations."""
    rng = np.random.default_rng(seed)
    city = rng.choice(["Berlin", "Köln", "Ulm"], rows, p=[0.5, 0.3, 0.2]).astype(object)
    city[rng.random(rows) < 0.05] = None
    return {
        "id": np.arange(rows) + seed * rows,
        "amount": rng.normal(20 + 3 * shift, 3, rows),
        "price": rng.lognormal(2, 1, rows),
        "count": rng.poisson(3, rows),
        "city": list(city),
        "paid": rng.random(rows) < 0.7,
        "note": ["sold " + "x" * int(length) for length in rng.integers(1, 400, rows)],
    }
