"""Rows of triggers and of what they decided."""

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from svc_training.base import Base

DUE = "due "
"""How the occasion of a decision begins that a schedule asked for; its time follows."""


class TriggerRow(Base):
    """A rule of one dataset for one pipeline; `due_at` is when its schedule asks it next."""

    __tablename__ = "trigger"
    __table_args__ = (
        Index("ix_trigger_dataset", "tenant", "dataset_name"),
        Index("ix_trigger_due_at", "due_at"),
    )

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
    schedule: Mapped[str | None]
    due_at: Mapped[datetime | None]
    on_new_data: Mapped[bool]
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class DecisionRow(Base):
    """What a trigger said of a table version, once for each standing of the gate and occasion.

    The occasion is empty when the gate has judged, `due <time>` when the schedule's time had come,
    and `asked <id>` when a person asked.
    """

    __tablename__ = "training_decision"
    __table_args__ = (
        UniqueConstraint(
            "trigger_id",
            "table_version_id",
            "revision",
            "occasion",
            name="uq_training_decision_occasion",
        ),
        Index("ix_training_decision_tenant", "tenant", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    trigger_id: Mapped[str | None] = mapped_column(ForeignKey("trigger.id"))
    pipeline: Mapped[str]
    table_version_id: Mapped[str] = mapped_column(ForeignKey("table_version.id"), index=True)
    revision: Mapped[int]
    occasion: Mapped[str]
    train: Mapped[bool]
    rule: Mapped[str]
    reason: Mapped[str]
    numbers: Mapped[dict[str, Any]]
    training_job_id: Mapped[str | None] = mapped_column(ForeignKey("training_job.id"))
    created_at: Mapped[datetime]
