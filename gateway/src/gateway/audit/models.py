"""The table of the audit trail; rows are added and never changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from gateway.base import Base


class AuditRow(Base):
    """One thing that somebody did."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_tenant", "tenant", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    at: Mapped[datetime]
    action: Mapped[str]
    subject: Mapped[str]
    target: Mapped[str]
    details: Mapped[dict[str, Any]]
    client: Mapped[str]
    request_id: Mapped[str]
