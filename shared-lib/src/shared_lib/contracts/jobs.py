"""The durable job as the rest of the fleet sees it."""

from enum import StrEnum

from pydantic import Field

from shared_lib.contracts.base import Contract, UtcTime
from shared_lib.contracts.errors import FailureKind, Problem


class JobState(StrEnum):
    """Where a job stands. The last four are final."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    RUNNING = "running"
    PUBLISHING = "publishing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DEAD = "dead"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to the job."""
        return self in _ENDED


_ENDED = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.DEAD})


class Progress(Contract):
    """How far a job is. `rate` is units a second; `eta_s` is seconds to go, null when unknown."""

    done: int = 0
    total: int | None = None
    unit: str = ""
    rate: float | None = None
    eta_s: float | None = None


class JobView(Contract):
    """A job as `/v1/jobs/{id}` answers it."""

    id: str
    kind: str
    service: str
    state: JobState
    queue: str = Field(default="", description="Which workers hear it.")
    waits_for: str | None = Field(
        default=None, description="What not every worker has, such as a GPU, while it is queued."
    )
    subject_id: str | None = Field(default=None, description="What the job works on.")
    flow_id: str | None = None
    attempts: int = 0
    max_attempts: int = 1
    progress: Progress = Progress()
    error: Problem | None = None
    failure: FailureKind | None = None
    result: dict[str, object] | None = None
    cancel_requested: bool = False
    created_at: UtcTime
    started_at: UtcTime | None = None
    ended_at: UtcTime | None = None


class JobSummary(Contract):
    """A job in the fleet-wide list at `/v1/jobs`, as the flow journal knows it."""

    id: str
    kind: str
    service: str
    state: JobState
    subject_id: str | None = None
    flow_id: str | None = None
    attempts: int = 0
    error: Problem | None = None
    created_at: UtcTime
    started_at: UtcTime | None = None
    ended_at: UtcTime | None = None
