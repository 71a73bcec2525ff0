"""Rows of landed versions and their files."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from svc_knowledgebase.base import Base


class LandedVersionRow(Base):
    """A landed version, as `dataset_version.landed` told of it."""

    __tablename__ = "landed_version"
    __table_args__ = (Index("ix_landed_version_tenant", "tenant", "dataset_name", "number"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    dataset_id: Mapped[str]
    dataset_name: Mapped[str]
    number: Mapped[int]
    purpose: Mapped[str]
    flow_id: Mapped[str | None]
    created_at: Mapped[datetime]


class LandedFileRow(Base):
    """One of its files."""

    __tablename__ = "landed_file"

    id: Mapped[str] = mapped_column(primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("landed_version.id"), index=True)
    path: Mapped[str]
    object_key: Mapped[str]
    sha256: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
