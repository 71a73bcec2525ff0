"""The job's row and its entries (state changes and log lines, in order)."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from shared_lib.db.types import Json, Serial, SharedBase


class JobRow(SharedBase):
    """One durable job. `fence` grows with every claim; a write with an older fence is refused."""

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_tenant", "tenant", "id"),
        Index("ix_job_claimable", "state", "queue", "run_after"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    kind: Mapped[str]
    queue: Mapped[str]
    state: Mapped[str]
    subject_id: Mapped[str | None]
    flow_id: Mapped[str | None]
    params: Mapped[dict[str, Any]] = mapped_column(Json)
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)
    error: Mapped[dict[str, Any] | None] = mapped_column(Json)
    failure: Mapped[str | None]
    fence: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=8)
    revision: Mapped[int] = mapped_column(default=1)
    worker: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    run_after: Mapped[datetime]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    progress_done: Mapped[int] = mapped_column(BigInteger, default=0)
    progress_total: Mapped[int | None] = mapped_column(BigInteger)
    progress_unit: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]


class JobEntryRow(SharedBase):
    """Something that happened to a job: `state` or `log`. Its id resumes an event stream."""

    __tablename__ = "job_entry"
    __table_args__ = (Index("ix_job_entry_job_id", "job_id", "id"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    job_id: Mapped[str]
    name: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(Json)
    at: Mapped[datetime]


class WorkerRow(SharedBase):
    """A supervisor that works for this service, as it was last seen, and the GPUs it has."""

    __tablename__ = "worker"

    id: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    gpus: Mapped[list[str] | None] = mapped_column(Json)
