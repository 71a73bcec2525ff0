"""Rows of knowledge bases."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from svc_knowledgebase.base import Base


class KnowledgeBaseRow(Base):
    """A knowledge base. Its content is that of its current build.

    Attributes:
        dataset: whose versions it reads; for a base of a folder how its records name that.
    """

    __tablename__ = "knowledge_base"
    __table_args__ = (
        UniqueConstraint("tenant", "name"),
        Index("ix_knowledge_base_tenant", "tenant", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    name: Mapped[str]
    dataset: Mapped[str]
    folder: Mapped[dict[str, Any] | None]
    description: Mapped[str]
    selection: Mapped[dict[str, Any]]
    options: Mapped[dict[str, Any]]
    follow: Mapped[bool]
    current_build_id: Mapped[str | None]
    created_at: Mapped[datetime]
