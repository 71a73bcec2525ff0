"""How a fleet stands: what `GET /v1/status` answers and `fleet status` shows."""

from pydantic import Field

from shared_lib.contracts.base import Contract, UtcTime
from shared_lib.contracts.services import ServiceName


class JobCounts(Contract):
    """The jobs of a service that have not ended."""

    queued: int
    running: int
    oldest_queued_at: UtcTime | None = Field(
        default=None, description="Since when the longest waiting job could have been claimed."
    )


class Disk(Contract):
    """The disk of a service's data folder, in bytes."""

    free: int
    total: int


class ServiceStatus(Contract):
    """One service as it sees itself. Without an answer `problem` says why, and the rest is null."""

    service: ServiceName
    problem: str | None = Field(default=None, description="Why it cannot work; null when it can.")
    version: str | None = None
    revision: str | None = Field(default=None, description="Where its database stands.")
    revision_needed: str | None = Field(default=None, description="Where this release needs it.")
    jobs: JobCounts | None = None
    workers: int | None = Field(default=None, description="Supervisors seen in the last minute.")
    gpus: list[str] | None = Field(default=None, description="Of these workers, by name.")
    disk: Disk | None = None


class FleetStatus(Contract):
    """Every member of the fleet, the gateway first."""

    mode: str
    services: list[ServiceStatus]
