"""Rules about rows, counted in one pass over the table however many there are."""

import math
from collections.abc import Sequence
from datetime import datetime

import polars as pl

from shared_lib.contracts.base import format_utc
from shared_lib.contracts.conversions import Scalar
from shared_lib.contracts.errors import FleetError
from shared_lib.contracts.quality import CheckResult
from shared_lib.contracts.suites import (
    Check,
    NullsCheck,
    PatternCheck,
    RangeCheck,
    RowCheck,
    RowRuleCheck,
    ValuesCheck,
)
from svc_quality.checks.results import crashed, outcome
from svc_quality.checks.row_rules import broken_by
from svc_quality.checks.table import Table
from svc_quality.checks.wording import counted, percent

EXAMPLES = 20
_ERRORS = (FleetError, pl.exceptions.PolarsError)


def row_results(table: Table, checks: Sequence[Check]) -> dict[int, CheckResult]:
    """The results of the suite's rules about rows, by their position in it."""
    asked = {n: check for n, check in enumerate(checks) if isinstance(check, RowCheck)}
    results: dict[int, CheckResult] = {}
    rules: dict[int, pl.Expr] = {}
    for position, check in asked.items():
        try:
            if not isinstance(check, RowRuleCheck) and check.column not in table.schema:
                results[position] = _no_column(check)
            else:
                rules[position] = broken_by(check, table.schema)
        except _ERRORS as error:
            results[position] = crashed(check, error)
    for position, broken in _count(table, rules).items():
        check = asked[position]
        if isinstance(broken, Exception):
            results[position] = crashed(check, broken)
        else:
            results[position] = _result(table, check, rule=rules[position], rows=broken)
    return results


def _count(table: Table, rules: dict[int, pl.Expr]) -> dict[int, int | Exception]:
    """Broken rows of each rule; when one of them cannot be run, each is run for itself."""
    if not rules:
        return {}
    sums = [rule.sum().alias(str(position)) for position, rule in rules.items()]
    try:
        found = table.frame.select(sums).collect(engine="streaming")
    except pl.exceptions.PolarsError as error:
        if len(rules) == 1:
            return dict.fromkeys(rules, error)
        alone: dict[int, int | Exception] = {}
        for position, rule in rules.items():
            alone |= _count(table, {position: rule})
        return alone
    return {int(name): int(found[name].item() or 0) for name in found.columns}


def _result(table: Table, check: RowCheck, *, rule: pl.Expr, rows: int) -> CheckResult:
    share = rows / table.rows if table.rows else 0.0
    holds = share <= check.max_share
    allowed = f"at most {percent(check.max_share)} may be" if check.max_share else "none may be"
    found = f"{counted(rows, 'row')} of {table.rows:,} ({percent(share)})" if rows else "no row"
    return outcome(
        check,
        holds=holds,
        message=f"{_what(check)}: {found} {_broken(check)}; {allowed}.",
        remedy=_remedy(check, table_rows=table.rows, rows=rows, share=share),
        rows=rows,
        share=share,
        allowed=check.max_share,
        examples=[] if holds else _examples(table, check, rule),
    )


def _what(check: RowCheck) -> str:
    return f"rule `{check.sql}`" if isinstance(check, RowRuleCheck) else check.column


def _broken(check: RowCheck) -> str:
    match check:
        case NullsCheck():
            return "without a value"
        case RangeCheck():
            low = "" if check.min is None else f"below {check.min}"
            high = "" if check.max is None else f"above {check.max}"
            return " or ".join(filter(None, (low, high)))
        case ValuesCheck():
            return f"outside the {counted(len(check.values), 'allowed value')}"
        case PatternCheck():
            return f"unlike the pattern {check.pattern}"
        case RowRuleCheck():
            return "breaking it"


def _remedy(check: RowCheck, *, table_rows: int, rows: int, share: float) -> str:
    too_many = rows - math.floor(check.max_share * table_rows)
    limit = math.ceil(share * 1e4) / 1e4
    return (
        f"Correct or take out {counted(too_many, 'row')} of them, or allow them with "
        f"`max_share: {limit:g}`."
    )


def _no_column(check: RowCheck) -> CheckResult:
    name = getattr(check, "column", "")
    return outcome(
        check,
        holds=False,
        message=f"There is no column {name}.",
        remedy=f"Bring the column {name} back, or take the check out of the suite.",
    )


def _examples(table: Table, check: RowCheck, rule: pl.Expr) -> list[dict[str, Scalar]]:
    """The first broken rows, with their row number; a wide table shows its first columns."""
    shown = [name for name in table.schema if name != getattr(check, "column", None)][:7]
    named = [] if isinstance(check, RowRuleCheck) else [check.column]
    found = (
        table.frame.with_columns((pl.row_index("row") + 1).alias("row"))
        if "row" not in table.schema
        else table.frame
    )
    rows = found.filter(rule).head(EXAMPLES).collect(engine="streaming")
    columns = [name for name in ("row", *named, *shown) if name in rows.columns]
    chosen = rows.select(list(dict.fromkeys(columns)))
    return [{key: _plain(value) for key, value in row.items()} for row in chosen.to_dicts()]


def _plain(value: object) -> Scalar:
    """A value as JSON holds it, text cut to what a table cell shows."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    text = str(value)
    if isinstance(value, datetime) and value.tzinfo:
        text = format_utc(value)
    return text if len(text) <= 200 else f"{text[:199]}…"
