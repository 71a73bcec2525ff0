"""Whether to train: pure rules over numbers, each with the sentence that people read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared_lib.contracts.base import format_utc
from shared_lib.contracts.training import DecisionRule
from shared_lib.contracts.verdicts import Verdict

_TOLD_REASONS = 3


@dataclass(frozen=True)
class Wish:
    """What a trigger asks for; the fields are those of `TriggerCreate`."""

    min_rows: int
    min_interval_s: float
    on_warned: bool


@dataclass(frozen=True)
class LastTraining:
    """The one before: when it was asked for, and usable rows that came since, these included."""

    at: datetime
    rows_since: int


@dataclass(frozen=True)
class Decision:
    """To train or not, by which rule, and the numbers behind it."""

    train: bool
    rule: DecisionRule
    reason: str
    numbers: dict[str, float] = field(default_factory=dict)


def decide(
    wish: Wish,
    *,
    verdict: Verdict | None,
    reasons: Sequence[str],
    rows: int,
    last: LastTraining | None,
    now: datetime,
) -> Decision:
    """The first rule that speaks decides: the gate, then the pause, then the amount of new data.

    Args:
        wish: what the trigger asks for.
        verdict: of the gate; None when no suite judged the version.
        reasons: why it did not pass.
        rows: of the version.
        last: the training before; None when there was none.
        now: the present.
    """
    refused = _refused(wish, verdict=verdict, reasons=reasons)
    if refused is not None:
        return refused
    if last is None:
        said = f"The gate said {verdict}, and nothing has been trained yet."
        return Decision(train=True, rule="first", reason=said, numbers={"rows": rows})
    kept_back = _too_soon(wish, last=last, now=now) or _too_few(wish, last=last)
    if kept_back is not None:
        return kept_back
    said = f"The gate said {verdict}, and {_came(last)}."
    return Decision(train=True, rule="new_data", reason=said, numbers=_numbers(wish, last=last))


def decide_due(
    wish: Wish,
    *,
    due_at: datetime,
    verdict: Verdict | None,
    reasons: Sequence[str],
    rows: int,
    last: LastTraining | None,
    now: datetime,
) -> Decision:
    """What becomes of a schedule whose time has come: the same rules, and nothing without new data.

    Args:
        wish: what the trigger asks for.
        due_at: the time of the schedule.
        verdict: of the gate on the newest judged version; None when no suite judged it.
        reasons: why it did not pass.
        rows: of the version.
        last: the training before; None when there was none.
        now: the present.
    """
    refused = _refused(wish, verdict=verdict, reasons=reasons)
    if refused is not None:
        return refused
    due = f"It was due at {format_utc(due_at)}"
    if last is None:
        said = f"{due}, the gate said {verdict}, and nothing has been trained yet."
        return Decision(train=True, rule="scheduled", reason=said, numbers={"rows": rows})
    numbers = _numbers(wish, last=last)
    if not last.rows_since:
        said = f"{due}, and nothing new has come since the last training."
        return Decision(train=False, rule="nothing_new", reason=said, numbers=numbers)
    said = f"{due}, the gate said {verdict}, and {_came(last)}."
    return (
        _too_soon(wish, last=last, now=now)
        or _too_few(wish, last=last)
        or Decision(train=True, rule="scheduled", reason=said, numbers=numbers)
    )


def decide_asked(
    by: str, *, verdict: Verdict | None, reasons: Sequence[str], rows: int
) -> Decision:
    """What becomes of a training that was asked for: only the gate can refuse it.

    Args:
        by: who asked, such as `The flow`.
        verdict: of the gate; None when no suite judged the version.
        reasons: why it did not pass.
        rows: of the version.
    """
    wish = Wish(min_rows=0, min_interval_s=0, on_warned=True)
    said = f"{by} asked for it, and the gate said {verdict}."
    return _refused(wish, verdict=verdict, reasons=reasons) or Decision(
        train=True, rule="asked", reason=said, numbers={"rows": rows}
    )


def _too_soon(wish: Wish, *, last: LastTraining, now: datetime) -> Decision | None:
    waited = max(0.0, (now - last.at).total_seconds())
    if waited >= wish.min_interval_s:
        return None
    return Decision(
        train=False,
        rule="debounce",
        reason=f"The last training was asked for {waited:.0f} s ago; the trigger wants "
        f"{wish.min_interval_s:.0f} s between two.",
        numbers={"seconds_since": waited, "min_interval_s": wish.min_interval_s},
    )


def _too_few(wish: Wish, *, last: LastTraining) -> Decision | None:
    if last.rows_since >= wish.min_rows:
        return None
    return Decision(
        train=False,
        rule="rows_since_last",
        reason=f"{_came(last)}; the trigger wants {wish.min_rows}.",
        numbers=_numbers(wish, last=last),
    )


def _came(last: LastTraining) -> str:
    return f"{last.rows_since} rows came since the last training"


def _numbers(wish: Wish, *, last: LastTraining) -> dict[str, float]:
    return {"rows_since_last": float(last.rows_since), "min_rows": float(wish.min_rows)}


def _refused(wish: Wish, *, verdict: Verdict | None, reasons: Sequence[str]) -> Decision | None:
    said = " ".join(reasons[:_TOLD_REASONS])
    if verdict is None:
        return Decision(
            train=False,
            rule="not_judged",
            reason="No suite judges this dataset, so nobody knows whether the version is good. "
            "Bind one: `fleet suite infer` makes it from a good version.",
        )
    if verdict is Verdict.FAILED:
        return Decision(
            train=False,
            rule="gate_failed",
            reason=f"The gate failed: {said} Land a better version, or override the judgement.",
        )
    if verdict is Verdict.WARNED and not wish.on_warned:
        return Decision(
            train=False,
            rule="gate_warned",
            reason=f"The gate warned, and the trigger trains only on what passed: {said}",
        )
    return None
