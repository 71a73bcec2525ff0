"""Rows of landed files and of the content behind them."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from svc_ingest.base import Base


class BlobRow(Base):
    """Content that has landed. The same content of a tenant is kept once."""

    __tablename__ = "blob"

    tenant: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(primary_key=True)
    object_key: Mapped[str] = mapped_column(unique=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


class FileRow(Base):
    """One file of a version."""

    __tablename__ = "file"
    __table_args__ = (Index("ix_file_tenant", "tenant", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    version_id: Mapped[str] = mapped_column(ForeignKey("dataset_version.id"), index=True)
    path: Mapped[str]
    sha256: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
