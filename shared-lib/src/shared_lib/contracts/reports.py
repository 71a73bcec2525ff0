"""The report of a training, or of why there was none: facts that pages and comments are made of."""

from enum import StrEnum

from pydantic import Field, JsonValue

from shared_lib.contracts.base import Contract, UtcTime
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.models import Comparison
from shared_lib.contracts.pull_requests import PullRequest
from shared_lib.contracts.training import ArtifactView, StageView
from shared_lib.contracts.verdicts import Verdict


class ReportOutcome(StrEnum):
    """What became of it."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"


class ReportedData(Contract):
    """A table version."""

    dataset: str
    version_number: int
    version_id: str
    table_version_id: str
    rows: int
    columns: int | None = Field(default=None, description="Null when it was not told.")


class ReportedSavings(Contract):
    """The file as it came, and the Parquet parts that it became."""

    bytes_before: int
    bytes_after: int
    quarantined_rows: int


class ReportedMetric(Contract):
    """A metric of the champion and of this version; null where it has none."""

    name: str
    champion: float | None
    current: float | None


class ReportedParam(Contract):
    """A param by its dotted name that differs from the champion's."""

    name: str
    champion: JsonValue = None
    current: JsonValue = None


class ReportedSuite(Contract):
    """What one suite of the gate said."""

    suite: str
    judgement_id: str
    verdict: Verdict | None
    reasons: list[str]


class ReportFacts(Contract):
    """All that a report says. `champion` is the version that this one was measured against."""

    id: str
    outcome: ReportOutcome
    headline: str
    reason: str = Field(description="Why it is what it is, in a sentence.")
    model: str
    version: int | None
    pipeline: str
    commit: str | None
    champion: int | None
    comparison: Comparison | None
    metrics: list[ReportedMetric]
    params: list[ReportedParam]
    data: ReportedData
    champion_data: ReportedData | None
    stages: list[StageView]
    verdict: Verdict | None
    suites: list[ReportedSuite]
    savings: ReportedSavings | None
    rule: str = Field(description="Of the trigger; `asked` when somebody asked for the training.")
    why: str = Field(description="What the trigger said, in a sentence.")
    numbers: dict[str, float]
    flow_id: str | None
    job_id: str | None
    training_job_id: str | None
    decision_id: str | None
    artifacts: list[ArtifactView]
    error: Problem | None
    pull_request: PullRequest | None
    created_at: UtcTime
