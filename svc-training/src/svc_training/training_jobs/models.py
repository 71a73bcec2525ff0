"""Rows of training jobs and of what they left."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from svc_training.base import Base


class TrainingJobRow(Base):
    """One run of a pipeline. Its state is its job's; `stages` is there when that has succeeded.

    `ran` are the stages that its tries have run, written before any other worker can restore them.
    """

    __tablename__ = "training_job"
    __table_args__ = (
        Index("ix_training_job_tenant", "tenant", "id"),
        Index("ix_training_job_table", "tenant", "pipeline", "table_id", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    pipeline: Mapped[str]
    table_id: Mapped[str]
    table_version_id: Mapped[str] = mapped_column(ForeignKey("table_version.id"))
    frozen_id: Mapped[str] = mapped_column(ForeignKey("table_version.id"))
    job_id: Mapped[str] = mapped_column(unique=True)
    commit: Mapped[str | None]
    changes: Mapped[dict[str, Any]]
    gpus: Mapped[int | None]
    params: Mapped[dict[str, Any] | None]
    stages: Mapped[list[dict[str, Any]] | None]
    metrics: Mapped[dict[str, Any] | None]
    ran: Mapped[list[dict[str, Any]] | None]
    lock_sha256: Mapped[str | None]
    pull_request: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]


class ArtifactRow(Base):
    """A file that a training job left, and where its bytes are."""

    __tablename__ = "artifact"

    training_job_id: Mapped[str] = mapped_column(ForeignKey("training_job.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    object_key: Mapped[str] = mapped_column(unique=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
