"""Rows of models, their versions, and the moves of their aliases."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared_lib.db.types import Serial
from svc_training.base import Base


class ModelRow(Base):
    """What one pipeline learns from one table. `champion` and `challenger` are version numbers."""

    __tablename__ = "model"
    __table_args__ = (
        UniqueConstraint("tenant", "name"),
        UniqueConstraint("tenant", "pipeline", "table_id"),
        Index("ix_model_tenant", "tenant", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    name: Mapped[str]
    pipeline: Mapped[str]
    table_id: Mapped[str]
    dataset_name: Mapped[str]
    versions: Mapped[int]
    champion: Mapped[int | None]
    challenger: Mapped[int | None]
    created_at: Mapped[datetime]


class ModelVersionRow(Base):
    """One trained model; its lineage is its training job's."""

    __tablename__ = "model_version"

    model_id: Mapped[str] = mapped_column(ForeignKey("model.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    training_job_id: Mapped[str] = mapped_column(ForeignKey("training_job.id"), unique=True)
    verdict: Mapped[str]
    created_at: Mapped[datetime]


class AliasMoveRow(Base):
    """That an alias began to name another version."""

    __tablename__ = "alias_move"
    __table_args__ = (Index("ix_alias_move_model", "model_id", "id"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    model_id: Mapped[str] = mapped_column(ForeignKey("model.id"))
    alias: Mapped[str]
    version: Mapped[int]
    before: Mapped[int | None]
    rule: Mapped[str]
    reason: Mapped[str]
    subject: Mapped[str | None]
    comparison: Mapped[dict[str, Any] | None]
    at: Mapped[datetime]
