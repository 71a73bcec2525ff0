"""Rows of dataset versions."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from svc_ingest.base import Base


class VersionRow(Base):
    """One immutable version of a dataset."""

    __tablename__ = "dataset_version"
    __table_args__ = (
        UniqueConstraint("dataset_id", "number"),
        Index("ix_dataset_version_tenant", "tenant", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id"))
    number: Mapped[int]
    flow_id: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    made_from: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
