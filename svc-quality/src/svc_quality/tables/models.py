"""Rows of published table versions."""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from svc_quality.base import Base


class TableVersionRow(Base):
    """A published version and where its Parquet files are."""

    __tablename__ = "table_version"
    __table_args__ = (Index("ix_table_version_dataset", "tenant", "dataset_name", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    dataset_id: Mapped[str]
    dataset_name: Mapped[str]
    version_id: Mapped[str]
    version_number: Mapped[int]
    file_id: Mapped[str]
    table_id: Mapped[str] = mapped_column(index=True)
    table_name: Mapped[str]
    flow_id: Mapped[str | None]
    rows: Mapped[int] = mapped_column(BigInteger)
    parts: Mapped[list[str]]
    created_at: Mapped[datetime]
