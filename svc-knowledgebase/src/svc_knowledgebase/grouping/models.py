"""Rows of how bases are grouped."""

from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from svc_knowledgebase.base import Base


class GroupingRow(Base):
    """What somebody chose for a base; null is what holds when nobody has."""

    __tablename__ = "grouping"

    base_id: Mapped[str] = mapped_column(
        ForeignKey("knowledge_base.id", ondelete="CASCADE"), primary_key=True
    )
    taxonomy: Mapped[dict[str, Any] | None]
    clusters: Mapped[dict[str, Any] | None]
