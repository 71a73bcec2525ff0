"""What the gate says of a table: a verdict, its reasons, and what would make it pass."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared_lib.contracts.base import Contract, UtcTime
from shared_lib.contracts.catalog import DatasetName
from shared_lib.contracts.conversions import Scalar
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.jobs import JobState
from shared_lib.contracts.suites import Severity, Suite, SuiteName
from shared_lib.contracts.verdicts import Verdict


class CheckStatus(StrEnum):
    """The outcome of one check. An error is a check that could not be run: it never passes."""

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    ERROR = "error"


class ComparedBin(Contract):
    """How often values fall here, in the reference and now."""

    label: str
    reference: int
    current: int


class DriftMeasure(Contract):
    """One two-sample test."""

    test: Literal["kolmogorov_smirnov", "chi_square", "maximum_mean_discrepancy"]
    statistic: float
    p_value: float = Field(description="As the test gives it.")
    p_adjusted: float = Field(description="After Holm's correction over all tests of the check.")
    effect: float = Field(description="In the unit that `effect_name` says.")
    effect_name: Literal["standard deviations", "Cramér's V", "spreads of the reference"]
    rows: tuple[int, int] = Field(description="Values behind the test: reference, current.")
    bins: list[ComparedBin] = []


class CheckResult(Contract):
    """What one check found."""

    id: str = Field(description="Names the check within its suite, such as `range:amount`.")
    check: str
    column: str | None = None
    status: CheckStatus
    severity: Severity
    message: str = Field(description="What, how much, and what would be allowed.")
    remedy: str | None = Field(default=None, description="What would make it pass.")
    rows: int | None = Field(default=None, description="Rows that break the rule.")
    share: float | None = None
    allowed: float | None = Field(default=None, description="The share that may break it.")
    examples: list[dict[str, Scalar]] = Field(default=[], description="Rows, at most 20.")
    drift: DriftMeasure | None = None


class QualityReport(Contract):
    """A table, judged."""

    suite: Suite
    verdict: Verdict
    reasons: list[str] = Field(description="A sentence for each check that did not pass.")
    rows: int
    columns: int
    reference_rows: int | None = None
    compared_rows: tuple[int, int] | None = Field(
        default=None, description="Rows that drift was measured on: reference, current."
    )
    results: list[CheckResult]
    judged_at: UtcTime


class SuiteCreate(Contract):
    """The body of `POST /v1/suites`: the next version of the suite of that name and dataset.

    The dataset need not be there yet. A suite without a reference takes the first version that
    passes it.
    """

    dataset: DatasetName
    table: str | None = Field(
        default=None, description="Judge this table of the dataset; left out: each of them."
    )
    suite: Suite
    reference: str | None = Field(
        default=None, description="Id of the table version that drift is measured against."
    )


class SuiteInfer(Contract):
    """The body of `POST /v1/suites/infer`: a suite that a good table version passes.

    That version becomes the suite's reference.
    """

    dataset: DatasetName
    table_version: str | None = Field(default=None, description="Left out: the newest one.")
    name: SuiteName
    label: str | None = Field(default=None, description="The column that a model predicts.")


class SuiteInferred(Contract):
    """The answer: the job whose result names the suite."""

    job_id: str


class ReferenceSet(Contract):
    """The body of `PUT /v1/suites/{id}/reference`."""

    table_version: str


class SuiteView(Contract):
    """A suite in its newest version."""

    id: str
    name: str
    dataset: str
    table: str | None
    version: int
    suite: Suite
    references: list[str] = Field(description="Table versions that drift is measured against.")
    created_at: UtcTime
    changed_at: UtcTime


class JudgementCreate(Contract):
    """The body of `POST /v1/judgements`: judge a table version now."""

    table_version: str
    suite: str = Field(description="Id of a suite; its newest version is used.")


class OverrideCreate(Contract):
    """The body of `POST /v1/judgements/{id}/overrides`: let a version pass all the same."""

    reason: Annotated[str, StringConstraints(min_length=10, max_length=2000)]
    checks: list[str] = Field(
        default=[], description="Ids of the checks that are accepted; left out: all of them."
    )


class OverrideView(Contract):
    """Who accepted what, and why."""

    id: str
    subject: str
    reason: str
    checks: list[str]
    created_at: UtcTime


class JudgementView(Contract):
    """One judgement of one table version by one version of a suite."""

    id: str
    suite_id: str
    suite_name: str
    suite_version: int
    dataset: str
    version_id: str
    version_number: int
    table_id: str
    table_version_id: str
    reference: str | None
    flow_id: str | None
    job_id: str
    state: JobState
    verdict: Verdict | None = Field(
        default=None, description="After overrides; null until the job has ended."
    )
    found: Verdict | None = Field(default=None, description="Before overrides.")
    reasons: list[str] = []
    remedies: list[str] = Field(default=[], description="What would make it pass.")
    counts: dict[CheckStatus, int] = {}
    overrides: list[OverrideView] = []
    error: Problem | None = None
    created_at: UtcTime
