"""Rows of landed files that this service has heard of, and of their conversions."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from svc_parquet.base import Base


class SourceFileRow(Base):
    """A landed file, as `dataset_version.landed` told of it."""

    __tablename__ = "source_file"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    dataset_id: Mapped[str]
    dataset_name: Mapped[str]
    version_id: Mapped[str]
    version_number: Mapped[int]
    flow_id: Mapped[str | None]
    path: Mapped[str]
    object_key: Mapped[str]
    sha256: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    table_name: Mapped[str]
    plan: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]


class ConversionRow(Base):
    """One conversion of one file. Its state is its job's, its table the first that came out."""

    __tablename__ = "conversion"
    __table_args__ = (Index("ix_conversion_tenant", "tenant", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    file_id: Mapped[str] = mapped_column(ForeignKey("source_file.id"), index=True)
    table_id: Mapped[str] = mapped_column(ForeignKey("data_table.id"))
    job_id: Mapped[str] = mapped_column(unique=True)
    options: Mapped[dict[str, Any]]
    table_version_id: Mapped[str | None]
    not_converted: Mapped[list[dict[str, Any]] | None]
    replays: Mapped[str | None]
    corrections: Mapped[list[dict[str, Any]] | None]
    created_at: Mapped[datetime]
