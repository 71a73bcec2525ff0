"""From measured drift to results: what is significant and large enough to matter."""

from shared_lib.contracts.quality import CheckResult, CheckStatus, DriftMeasure
from shared_lib.contracts.suites import DriftCheck
from svc_quality.checks.errors import CheckCannotRunError
from svc_quality.checks.results import outcome
from svc_quality.checks.table import Table
from svc_quality.checks.wording import percent
from svc_quality.drift.detector import Aspect, ColumnDrift, Progress, measure_drift

_ASPECTS = {Aspect.VALUES: "", Aspect.LENGTH: " (length of the text)", Aspect.NULLS: " (missing)"}


def drift_results(
    check: DriftCheck, table: Table, *, reference: Table | None, progress: Progress
) -> list[CheckResult]:
    """One result a test.

    Raises:
        CheckCannotRunError: there is no reference, or one of the tables has no rows.
    """
    if reference is None:
        raise CheckCannotRunError(
            "Drift needs a reference version. Give the suite one, or the command `--reference`."
        )
    if not table.rows or not reference.rows:
        raise CheckCannotRunError("Drift needs rows in the table and in the reference.")
    found = measure_drift(reference, table, check=check, progress=progress)
    return [_result(check, each) for each in found]


def _result(check: DriftCheck, found: ColumnDrift) -> CheckResult:
    suffix = "" if found.aspect is Aspect.VALUES else f":{found.aspect}"
    named = {"id": f"drift:{found.column}{suffix}", "column": found.column}
    if found.impossible is not None:
        return outcome(
            check,
            holds=False,
            message=found.impossible,
            remedy="Send the column as it was, or make this version the reference.",
            **named,
        )
    measure = found.measure
    if measure is None:
        return outcome(check, holds=True, message=found.skipped or "", **named)
    status = status_of(measure, check=check)
    what = f"{found.column}{_ASPECTS[found.aspect]}"
    if found.column == check.label:
        what = f"label {what}"
    return outcome(
        check,
        holds=True,
        message=f"{what}: {_sentence(measure, status=status)}",
        drift=measure,
        **named,
    ).model_copy(
        update={
            "status": status,
            "remedy": None
            if status is CheckStatus.PASSED
            else "If the world has changed, make this version the reference and train on it; if "
            "not, look for what changed in the source of this column.",
        }
    )


def status_of(measure: DriftMeasure, *, check: DriftCheck) -> CheckStatus:
    """Drift is what is both significant and large; `severity: warn` never fails."""
    numeric = measure.test == "kolmogorov_smirnov"
    warn, fail = check.numeric_floors if numeric else check.categorical_floors
    if measure.p_adjusted >= check.alpha or measure.effect < warn:
        return CheckStatus.PASSED
    failed = measure.effect >= fail and check.severity == "fail"
    return CheckStatus.FAILED if failed else CheckStatus.WARNED


def _sentence(measure: DriftMeasure, *, status: CheckStatus) -> str:
    effect = f"{measure.effect:.3g} {measure.effect_name}"
    numbers = f"p = {measure.p_adjusted:.2g} after correction"
    if status is CheckStatus.PASSED:
        return f"as in the reference ({effect}, {numbers})."
    return f"differs from the reference by {effect} ({numbers}). {_most(measure)}"


def _most(measure: DriftMeasure) -> str:
    """The bin whose share changed most, in words."""
    was, now = measure.rows
    shares = [(each.reference / was, each.current / now, each.label) for each in measure.bins]
    before, after, label = max(shares, key=lambda each: abs(each[0] - each[1]))
    return f"Most of all {label}: {percent(before)} of values before, {percent(after)} now."
