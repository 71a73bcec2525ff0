"""From what a check found to its result."""

from typing import Any

import polars as pl

from shared_lib.contracts.errors import FleetError
from shared_lib.contracts.quality import CheckResult, CheckStatus
from shared_lib.contracts.suites import Check

_BROKEN = {"warn": CheckStatus.WARNED, "fail": CheckStatus.FAILED}


def outcome(
    check: Check, *, holds: bool, message: str, remedy: str | None = None, **more: Any
) -> CheckResult:
    """The result of a check that was run; what passes needs no remedy.

    Args:
        check: what was asked.
        holds: whether it is so.
        message: what, how much, and what would be allowed.
        remedy: what would make it pass.
        more: further fields of the result.
    """
    return CheckResult(
        id=more.pop("id", check.check),
        check=check.check,
        column=more.pop("column", getattr(check, "column", None)),
        status=CheckStatus.PASSED if holds else _BROKEN[check.severity],
        severity=check.severity,
        message=message,
        remedy=None if holds else remedy,
        **more,
    )


def crashed(check: Check, error: Exception) -> CheckResult:
    """The result of a check that could not be run."""
    known = isinstance(error, FleetError)
    said = error.detail if isinstance(error, FleetError) else f"{type(error).__name__}: {error}"
    if isinstance(error, pl.exceptions.PolarsError):
        said = str(error).splitlines()[0]
    return CheckResult(
        id=check.check,
        check=check.check,
        column=getattr(check, "column", None),
        status=CheckStatus.ERROR,
        severity=check.severity,
        message=f"The check {check.check} could not be run: {said}",
        remedy="Correct the check in the suite." if known else None,
    )
