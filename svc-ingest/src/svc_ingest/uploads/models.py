"""Rows of uploads: written before the first byte, so that no object is without a writer."""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from svc_ingest.base import Base


class UploadRow(Base):
    """One upload; `lease_until` moves on while bytes come."""

    __tablename__ = "upload"
    __table_args__ = (
        Index("ix_upload_tenant", "tenant", "id"),
        Index("ix_upload_state", "state", "lease_until"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    path: Mapped[str]
    state: Mapped[str]
    object_key: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    deduplicated: Mapped[bool]
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
