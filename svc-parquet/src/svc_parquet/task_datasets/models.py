"""Rows of task datasets."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from svc_parquet.base import Base


class TaskDatasetRow(Base):
    """A version of a dataset that a recipe makes from a table version. Its state is its job's."""

    __tablename__ = "task_dataset"
    __table_args__ = (
        UniqueConstraint("tenant", "name", "version_number"),
        Index("ix_task_dataset_tenant", "tenant", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    name: Mapped[str]
    dataset_id: Mapped[str]
    version_id: Mapped[str]
    version_number: Mapped[int]
    flow_id: Mapped[str]
    source_version_id: Mapped[str] = mapped_column(ForeignKey("table_version.id"))
    table_id: Mapped[str] = mapped_column(ForeignKey("data_table.id"))
    table_version_id: Mapped[str | None] = mapped_column(ForeignKey("table_version.id"), index=True)
    job_id: Mapped[str] = mapped_column(unique=True)
    recipe: Mapped[dict[str, Any]]
    summary: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
