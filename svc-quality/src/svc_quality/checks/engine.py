"""Judging a table: every check of a suite, its reasons, and one verdict."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from shared_lib.contracts.quality import CheckResult, CheckStatus, QualityReport
from shared_lib.contracts.suites import (
    Check,
    ColumnsCheck,
    DeepchecksCheck,
    DriftCheck,
    FreshnessCheck,
    RowsCheck,
    Suite,
    TextDriftCheck,
    UniqueCheck,
)
from shared_lib.contracts.verdicts import Verdict
from svc_quality.checks.drift_rules import drift_results
from svc_quality.checks.errors import CheckCannotRunError
from svc_quality.checks.results import crashed
from svc_quality.checks.row_results import row_results
from svc_quality.checks.table import Table
from svc_quality.checks.table_rules import (
    check_columns,
    check_freshness,
    check_rows,
    check_unique,
)
from svc_quality.checks.text_rules import Embed, text_results
from svc_quality.drift.detector import Progress

Run = Callable[[], list[CheckResult]]
RunDeepchecks = Callable[[DeepchecksCheck, Table, Table | None], list[CheckResult]]


def judge(
    table: Table,
    *,
    suite: Suite,
    now: datetime,
    reference: Table | None = None,
    progress: Progress = lambda _d, _t: None,
    deepchecks: RunDeepchecks | None = None,
    embed: Embed | None = None,
) -> QualityReport:
    """Run every check; one that cannot be run is an error, which fails the gate.

    Args:
        table: what is judged.
        suite: what must hold.
        now: the moment that freshness is measured at.
        reference: what drift and the number of rows are measured against.
        progress: called with drift's columns done and their number.
        deepchecks: runs its suites; without it such a check is an error.
        embed: makes vectors of texts, called when a check asks for them; the same without it.
    """
    judging = _Judging(table, now, reference, progress, deepchecks, embed)
    results = _name_apart(list(_results(judging, suite)))
    # Texts are a sample of their own, whose size their results tell.
    drifts = [each.drift for each in results if each.drift is not None and each.check == "drift"]
    return QualityReport(
        suite=suite,
        verdict=verdict_of(results),
        reasons=[each.message for each in results if each.status is not CheckStatus.PASSED],
        rows=table.rows,
        columns=len(table.schema),
        reference_rows=reference.rows if reference else None,
        compared_rows=drifts[0].rows if drifts else None,
        results=results,
        judged_at=now,
    )


def verdict_of(results: list[CheckResult]) -> Verdict:
    """The worst outcome; an error is as bad as a failure."""
    found = {each.status for each in results}
    if found & {CheckStatus.FAILED, CheckStatus.ERROR}:
        return Verdict.FAILED
    return Verdict.WARNED if CheckStatus.WARNED in found else Verdict.PASSED


@dataclass(frozen=True)
class _Judging:
    table: Table
    now: datetime
    reference: Table | None
    progress: Progress
    deepchecks: RunDeepchecks | None
    embed: Embed | None


def _results(judging: _Judging, suite: Suite) -> Iterator[CheckResult]:
    found_for_rows = row_results(judging.table, suite.checks)
    for position, check in enumerate(suite.checks):
        if position in found_for_rows:
            yield found_for_rows[position]
        else:
            yield from _guarded(check, partial(_run, check, judging))


def _run(check: Check, judging: _Judging) -> list[CheckResult]:
    table, reference = judging.table, judging.reference
    match check:
        case ColumnsCheck():
            return [check_columns(check, table)]
        case RowsCheck():
            return [check_rows(check, table, reference=reference)]
        case FreshnessCheck():
            return [check_freshness(check, table, now=judging.now)]
        case UniqueCheck():
            return [check_unique(check, table)]
        case DriftCheck():
            return drift_results(check, table, reference=reference, progress=judging.progress)
        case TextDriftCheck() | DeepchecksCheck():
            return _run_injected(check, judging)
    raise TypeError(f"{check.check} is a check of rows")


def _run_injected(check: TextDriftCheck | DeepchecksCheck, judging: _Judging) -> list[CheckResult]:
    """What needs more than the tables: it is given to us, or it cannot be run."""
    table, reference = judging.table, judging.reference
    if isinstance(check, TextDriftCheck):
        return text_results(check, table, reference=reference, embed=judging.embed)
    if judging.deepchecks is None:
        raise CheckCannotRunError("deepchecks is not available here.")
    return judging.deepchecks(check, table, reference)


def _guarded(check: Check, run: Run) -> list[CheckResult]:
    try:
        return run()
    except Exception as error:  # noqa: BLE001 - whatever goes wrong in a check, it does not pass
        return [crashed(check, error)]


def _name_apart(results: list[CheckResult]) -> list[CheckResult]:
    """`range:amount`, `range:amount#2`: ids are unique within a report, and stay the same."""
    seen: Counter[str] = Counter()
    named = []
    for each in results:
        base = f"{each.check}:{each.column}" if each.column and ":" not in each.id else each.id
        seen[base] += 1
        unique = base if seen[base] == 1 else f"{base}#{seen[base]}"
        named.append(each.model_copy(update={"id": unique}))
    return named
