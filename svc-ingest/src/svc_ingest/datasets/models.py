"""Rows of datasets."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from svc_ingest.base import Base


class DatasetRow(Base):
    """A named series of versions."""

    __tablename__ = "dataset"
    __table_args__ = (
        UniqueConstraint("tenant", "name"),
        Index("ix_dataset_tenant", "tenant", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    name: Mapped[str]
    description: Mapped[str]
    created_at: Mapped[datetime]
