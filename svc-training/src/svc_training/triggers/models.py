"""Rows of triggers and of what they decided."""

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from svc_training.base import Base


class TriggerRow(Base):
    """A rule of one dataset for one pipeline."""

    __tablename__ = "trigger"
    __table_args__ = (Index("ix_trigger_dataset", "tenant", "dataset_name"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    dataset_name: Mapped[str]
    table_name: Mapped[str | None]
    pipeline: Mapped[str]
    changes: Mapped[dict[str, Any]]
    min_rows: Mapped[int]
    min_interval_s: Mapped[float] = mapped_column(Float)
    on_warned: Mapped[bool]
    pull_request: Mapped[dict[str, Any] | None]
    gpus: Mapped[int | None]
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class DecisionRow(Base):
    """What a trigger said of a table version, once for each standing of the gate."""

    __tablename__ = "training_decision"
    __table_args__ = (
        UniqueConstraint("trigger_id", "table_version_id", "revision"),
        Index("ix_training_decision_tenant", "tenant", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    trigger_id: Mapped[str | None] = mapped_column(ForeignKey("trigger.id"))
    pipeline: Mapped[str]
    table_version_id: Mapped[str] = mapped_column(ForeignKey("table_version.id"), index=True)
    revision: Mapped[int]
    train: Mapped[bool]
    rule: Mapped[str]
    reason: Mapped[str]
    numbers: Mapped[dict[str, Any]]
    training_job_id: Mapped[str | None] = mapped_column(ForeignKey("training_job.id"))
    created_at: Mapped[datetime]
