"""Each check says what is so, how much, and what would make it pass; what crashes never passes."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from quality_tables import judged, only, statuses, table

from shared_lib.contracts.verdicts import Verdict
from svc_quality.checks import engine

COLUMNS: dict[str, Any] = {
    "id": [1, 2, 3, 4],
    "amount": [5.0, -1.0, None, float("nan")],
    "city": ["Ulm", "ulm", None, "Bonn"],
    "day": [date(2026, 5, 30), date(2026, 5, 31), None, date(2026, 6, 1)],
    "at": [
        datetime.fromisoformat("2026-05-01T08:00"),
        None,
        None,
        datetime.fromisoformat("2026-05-30T12:00"),
    ],
    "open": [True, False, True, None],
}


@pytest.mark.parametrize(
    ("check", "rows"),
    [
        ({"check": "nulls", "column": "amount"}, 2),
        ({"check": "nulls", "column": "city"}, 1),
        ({"check": "range", "column": "amount", "min": 0, "max": 5}, 2),
        ({"check": "range", "column": "id", "min": 2}, 1),
        ({"check": "range", "column": "day", "min": "2026-05-31"}, 1),
        ({"check": "range", "column": "at", "max": "2026-05-02T00:00:00"}, 1),
        ({"check": "range", "column": "city", "max": "Ulm"}, 1),
        ({"check": "values", "column": "city", "values": ["Ulm", "Bonn"]}, 1),
        ({"check": "values", "column": "id", "values": [1, 2]}, 2),
        ({"check": "values", "column": "open", "values": [True]}, 1),
        ({"check": "pattern", "column": "city", "pattern": "[A-Z][a-z]+"}, 1),
        ({"check": "pattern", "column": "city", "pattern": "Ulm|Bo"}, 2),
        ({"check": "row_rule", "sql": "id < 3 OR city = 'Bonn'"}, 0),
        ({"check": "row_rule", "sql": "amount >= 0"}, 1),
    ],
)
def test_a_rule_counts_the_rows_that_break_it(
    check: dict[str, Any], rows: int, tmp_path: Path
) -> None:
    result = only(judged(table(tmp_path, COLUMNS), check))

    assert (result.rows, result.status == "passed") == (rows, rows == 0), result.message
    assert len(result.examples) == rows
    if rows:
        allowed = only(judged(table(tmp_path, COLUMNS), {**check, "max_share": rows / 4}))
        assert allowed.status == "passed"
        assert f"max_share: {rows / 4:g}" in (result.remedy or "")


@pytest.mark.parametrize(
    ("check", "status", "said"),
    [
        ({"check": "columns", "columns": {"id": "int64", "city": None}}, "passed", "2 columns"),
        ({"check": "columns", "columns": {"id": "string"}}, "failed", "id is int64"),
        ({"check": "columns", "columns": {"x": "string"}}, "failed", "no column x"),
        ({"check": "columns", "columns": {"id": None}, "others": "refuse"}, "failed", "amount is"),
        ({"check": "rows", "min": 4, "max": 4}, "passed", "4 rows"),
        ({"check": "rows", "min": 5, "severity": "warn"}, "warned", "5 or more"),
        ({"check": "freshness", "column": "at", "max_age": "P2D"}, "passed", "2.0 days"),
        ({"check": "freshness", "column": "at", "max_age": "P1D"}, "failed", "2.0 days old"),
        ({"check": "freshness", "column": "day", "max_age": "PT1H"}, "passed", "allowed"),
        ({"check": "unique", "columns": ["id"]}, "passed", "no two rows"),
        ({"check": "unique", "columns": ["open"]}, "failed", "1 row"),
        ({"check": "unique", "columns": ["open", "id"]}, "passed", "open, id"),
        ({"check": "nulls", "column": "gone"}, "failed", "no column gone"),
        ({"check": "freshness", "column": "gone", "max_age": 9}, "failed", "no column gone"),
        ({"check": "unique", "columns": ["gone"]}, "failed", "no column gone"),
    ],
)
def test_a_table_is_as_it_should_be(
    check: dict[str, Any], status: str, said: str, tmp_path: Path
) -> None:
    result = only(judged(table(tmp_path, COLUMNS), check))

    assert (result.status.value, said in result.message) == (status, True), result.message
    assert (result.remedy is None) == (status == "passed")


@pytest.mark.parametrize(
    "check",
    [
        {"check": "range", "column": "city", "min": 3},
        {"check": "range", "column": "day", "min": "yesterday"},
        {"check": "values", "column": "id", "values": ["one"]},
        {"check": "pattern", "column": "id", "pattern": "1"},
        {"check": "pattern", "column": "city", "pattern": "("},
        {"check": "row_rule", "sql": "amount >"},
        {"check": "row_rule", "sql": "gone > 3"},
        {"check": "row_rule", "sql": "SELECT * FROM read_csv('/etc/passwd')"},
        {"check": "row_rule", "sql": "amount + 1"},
        {"check": "freshness", "column": "city", "max_age": "P1D"},
        {"check": "rows", "max_change": 0.1},
        {"check": "drift"},
    ],
)
def test_what_cannot_be_run_fails_the_gate_and_leaves_the_others_alone(
    check: dict[str, Any], tmp_path: Path
) -> None:
    good = {"check": "nulls", "column": "id"}
    report = judged(table(tmp_path, COLUMNS), good, {**check, "severity": "warn"}, good)

    assert list(statuses(report).values()) == ["passed", "error", "passed"]
    assert report.verdict is Verdict.FAILED
    assert "could not be run" in report.reasons[0]


def test_a_check_that_crashes_never_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by us")

    monkeypatch.setattr(engine, "check_unique", crash)
    report = judged(table(tmp_path, COLUMNS), {"check": "unique", "columns": ["id"]})

    assert (only(report).status, report.verdict) == ("error", Verdict.FAILED)
    assert "ZeroDivisionError" in report.reasons[0]


def test_the_verdict_is_the_worst_outcome(tmp_path: Path) -> None:
    rows = table(tmp_path, COLUMNS)
    good, bad = {"check": "rows", "min": 1}, {"check": "rows", "min": 9}

    assert judged(rows, good).verdict is Verdict.PASSED
    assert judged(rows, good, {**bad, "severity": "warn"}).verdict is Verdict.WARNED
    assert judged(rows, {**bad, "severity": "warn"}, bad, good).verdict is Verdict.FAILED


def test_an_empty_table_can_be_judged(tmp_path: Path) -> None:
    empty = table(tmp_path, {"id": [1]})
    empty = type(empty)(frame=empty.frame.head(0), schema=empty.schema, rows=0)
    report = judged(empty, {"check": "nulls", "column": "id"}, {"check": "rows", "min": 1})

    assert list(statuses(report).values()) == ["passed", "failed"]


def test_checks_of_one_kind_have_names_of_their_own(tmp_path: Path) -> None:
    twice = {"check": "range", "column": "id", "min": 0}
    assert list(statuses(judged(table(tmp_path, COLUMNS), twice, twice))) == [
        "range:id",
        "range:id#2",
    ]


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=st.lists(
        st.none() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, width=32), min_size=1
    ),
    low=st.integers(-100, 100),
    span=st.integers(0, 100),
)
def test_a_range_counts_as_plain_python_does(
    values: list[float | None], low: int, span: int, tmp_path: Path
) -> None:
    numbers = [None if value is None else float(value) for value in values]
    outside = sum(value is not None and not low <= value <= low + span for value in numbers)
    result = only(
        judged(
            table(tmp_path, {"x": [*numbers, 0.5]}),
            {"check": "range", "column": "x", "min": low, "max": low + span},
        )
    )
    assert result.rows == outside + (not low <= 0.5 <= low + span)
