"""Rows of vectors that were made, whatever build they were made for."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from svc_knowledgebase.base import Base


class VectorShardRow(Base):
    """Two objects: vectors, and the digests of their texts. All of them are of one model."""

    __tablename__ = "vector_shard"

    vectors_key: Mapped[str] = mapped_column(primary_key=True)
    digests_key: Mapped[str] = mapped_column(unique=True)
    base_id: Mapped[str] = mapped_column(ForeignKey("knowledge_base.id"), index=True)
    model: Mapped[str]
