"""Whether to train: which rule speaks, for any numbers."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared_lib.contracts.verdicts import Verdict
from svc_training.triggers.rules import LastTraining, Wish, decide, decide_due

NOW = datetime(2026, 1, 2, tzinfo=UTC)

wishes = st.builds(
    Wish,
    min_rows=st.integers(0, 1000),
    min_interval_s=st.floats(0, 1000),
    on_warned=st.booleans(),
)
lasts = st.none() | st.builds(
    LastTraining,
    at=st.timedeltas(timedelta(0), timedelta(hours=1)).map(lambda ago: NOW - ago),
    rows_since=st.integers(0, 2000),
)


@given(wishes, st.none() | st.sampled_from(Verdict), lasts)
def test_nothing_trains_that_the_gate_did_not_let_pass(
    wish: Wish, verdict: Verdict | None, last: LastTraining | None
) -> None:
    decision = decide(wish, verdict=verdict, reasons=["r."], rows=7, last=last, now=NOW)
    assert decision.reason
    usable = verdict is Verdict.PASSED or (verdict is Verdict.WARNED and wish.on_warned)
    if not usable:
        assert not decision.train
        assert decision.rule in {"not_judged", "gate_failed", "gate_warned"}
    elif last is None:
        assert (decision.train, decision.rule) == (True, "first")
    else:
        long_enough = (NOW - last.at).total_seconds() >= wish.min_interval_s
        assert decision.train is (long_enough and last.rows_since >= wish.min_rows)
        assert decision.rule == (
            "debounce" if not long_enough else "new_data" if decision.train else "rows_since_last"
        )


@given(wishes, st.none() | st.sampled_from(Verdict), lasts)
def test_a_schedule_trains_where_new_data_would_have_unless_there_is_none(
    wish: Wish, verdict: Verdict | None, last: LastTraining | None
) -> None:
    due = decide_due(wish, due_at=NOW, verdict=verdict, reasons=["r."], rows=7, last=last, now=NOW)
    new = decide(wish, verdict=verdict, reasons=["r."], rows=7, last=last, now=NOW)
    if new.rule in {"not_judged", "gate_failed", "gate_warned"}:
        assert due == new
    elif last is not None and last.rows_since == 0:
        assert (due.train, due.rule) == (False, "nothing_new")
    elif new.train:
        assert (due.train, due.rule) == (True, "scheduled")
        assert "2026-01-02T00:00:00.000Z" in due.reason
    else:
        assert due == new


def test_the_reason_names_the_numbers() -> None:
    wish = Wish(min_rows=100, min_interval_s=60, on_warned=True)
    last = LastTraining(at=NOW - timedelta(seconds=90), rows_since=40)
    few = decide(wish, verdict=Verdict.PASSED, reasons=[], rows=40, last=last, now=NOW)
    assert few.reason == "40 rows came since the last training; the trigger wants 100."
    assert few.numbers == {"rows_since_last": 40, "min_rows": 100}
    failed = decide(wish, verdict=Verdict.FAILED, reasons=["a < 0."], rows=1, last=None, now=NOW)
    assert failed.reason.startswith("The gate failed: a < 0. ")
