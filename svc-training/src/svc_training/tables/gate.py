"""What the gate said of a table version, all suites together."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared_lib.contracts.verdicts import Verdict
from svc_training.tables.models import VerdictRow

_WORST_FIRST = (Verdict.FAILED, Verdict.WARNED, Verdict.PASSED)


@dataclass(frozen=True)
class Gate:
    """One version's standing.

    Attributes:
        settled: every suite that was asked has answered.
        verdict: the worst one; None when no suite judged the version, or not all have yet.
        reasons: of the suites that did not pass.
        revision: grows with every verdict and override.
    """

    settled: bool
    verdict: Verdict | None
    reasons: tuple[str, ...]
    revision: int


def gate_of(verdicts: Sequence[VerdictRow], *, asked: bool) -> Gate:
    """The standing that follows from the newest verdict of each suite."""
    said = {row.verdict for row in verdicts}
    settled = asked and None not in said
    return Gate(
        settled=settled,
        verdict=next((each for each in _WORST_FIRST if each in said), None) if settled else None,
        reasons=tuple(reason for row in verdicts for reason in row.reasons),
        revision=1 + sum(row.revision for row in verdicts),
    )
