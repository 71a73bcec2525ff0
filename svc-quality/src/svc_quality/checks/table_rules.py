"""Rules about a table as a whole: its columns, its size, its age, its keys."""

from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from shared_lib.contracts.quality import CheckResult
from shared_lib.contracts.suites import ColumnsCheck, FreshnessCheck, RowsCheck, UniqueCheck
from svc_quality.checks.errors import CheckCannotRunError
from svc_quality.checks.results import outcome
from svc_quality.checks.table import Table, type_name
from svc_quality.checks.wording import counted, percent


def check_columns(check: ColumnsCheck, table: Table) -> CheckResult:
    """Names and types."""
    problems = []
    for name, wanted in check.columns.items():
        if name not in table.schema:
            problems.append(f"there is no column {name}")
        elif wanted is not None and type_name(table.schema[name]) != wanted:
            problems.append(f"{name} is {type_name(table.schema[name])} and should be {wanted}")
    if check.others == "refuse":
        others = [name for name in table.schema if name not in check.columns]
        problems += [f"{name} is not expected" for name in others]
    return outcome(
        check,
        holds=not problems,
        message=f"Columns: {'; '.join(problems)}."
        if problems
        else f"{counted(len(check.columns), 'column')} as expected.",
        remedy="Send the file with these columns, give a type with the conversion option "
        "`schema`, or change the suite to what is right now.",
    )


def check_rows(check: RowsCheck, table: Table, *, reference: Table | None) -> CheckResult:
    """The number of rows.

    Raises:
        CheckCannotRunError: a change was asked for and there is no reference.
    """
    low, high = check.min, check.max
    if check.max_change is not None:
        if reference is None:
            raise CheckCannotRunError(
                "`max_change` needs a reference version. Give the suite one, or `min` and `max`."
            )
        low = max(low or 0, round(reference.rows * (1 - check.max_change)))
        most = round(reference.rows * (1 + check.max_change))
        high = most if high is None else min(high, most)
    holds = (low is None or table.rows >= low) and (high is None or table.rows <= high)
    span = f"{low or 0:,} or more" if high is None else f"{low or 0:,} to {high:,}"
    return outcome(
        check,
        holds=holds,
        message=f"{counted(table.rows, 'row')}; expected are {span}.",
        remedy="Look whether the file is complete and whether rows came twice; if this number is "
        "right, change `min`, `max` or `max_change`.",
    )


def check_freshness(check: FreshnessCheck, table: Table, *, now: datetime) -> CheckResult:
    """The age of the newest time.

    Raises:
        CheckCannotRunError: the column is no date or time.
    """
    dtype = table.schema.get(check.column)
    if dtype is None:
        return outcome(
            check,
            holds=False,
            message=f"There is no column {check.column}.",
            remedy=f"Bring the column {check.column} back, or take the check out of the suite.",
        )
    if not isinstance(dtype, pl.Date | pl.Datetime):
        raise CheckCannotRunError(f"{check.column} is {type_name(dtype)}, and no date or time.")
    newest = _moment(table.frame.select(pl.col(check.column).max()).collect().item())
    age = None if newest is None else now - newest
    return outcome(
        check,
        holds=age is not None and age <= check.max_age,
        message=f"{check.column}: there is no value."
        if age is None
        else f"{check.column}: the newest is {_duration(age)} old; at most "
        f"{_duration(check.max_age)} is allowed.",
        remedy="Send newer data, or allow more with `max_age`.",
    )


def check_unique(check: UniqueCheck, table: Table) -> CheckResult:
    """No two rows are equal in the columns."""
    missing = [name for name in check.columns if name not in table.schema]
    joined = ", ".join(check.columns)
    if missing:
        return outcome(
            check,
            holds=False,
            message=f"There is no column {', '.join(missing)}.",
            remedy="Bring it back, or take the check out of the suite.",
        )
    distinct = pl.col(check.columns[0]) if len(check.columns) == 1 else pl.struct(check.columns)
    found = table.frame.select(distinct.n_unique()).collect(engine="streaming").item()
    twice = table.rows - int(found)
    share = twice / table.rows if table.rows else 0.0
    return outcome(
        check,
        id=f"unique:{'+'.join(check.columns)}",
        column=check.columns[0] if len(check.columns) == 1 else None,
        holds=twice == 0,
        message=f"{joined}: {counted(twice, 'row')} ({percent(share)}) repeat another one; none "
        "may."
        if twice
        else f"{joined}: no two rows are equal.",
        remedy=f"Take out the {counted(twice, 'row')} that repeat another one.",
        rows=twice,
        share=share,
        allowed=0.0,
    )


def _moment(value: date | datetime | None) -> datetime | None:
    """The end of a day for a date: a file of today is not hours old; times without zone are UTC."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        value = datetime.combine(value, time.max)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _duration(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:.1f} hours" if abs(hours) < 48 else f"{hours / 24:.1f} days"
