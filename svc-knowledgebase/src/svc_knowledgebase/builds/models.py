"""Rows of builds, of what they stored, and of what each document gave."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from svc_knowledgebase.base import Base


class BuildRow(Base):
    """One build. Its state is its job's; counts and changes are there when it has succeeded."""

    __tablename__ = "build"
    __table_args__ = (
        UniqueConstraint("base_id", "number"),
        Index("ix_build_tenant", "tenant", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    base_id: Mapped[str] = mapped_column(ForeignKey("knowledge_base.id"))
    number: Mapped[int]
    version_id: Mapped[str] = mapped_column(ForeignKey("landed_version.id"))
    job_id: Mapped[str] = mapped_column(unique=True)
    selection: Mapped[dict[str, Any]]
    options: Mapped[dict[str, Any]]
    counts: Mapped[dict[str, Any] | None]
    changes: Mapped[dict[str, Any] | None]
    embed_job_id: Mapped[str | None]
    embedding: Mapped[dict[str, Any] | None]
    group_job_id: Mapped[str | None]
    created_at: Mapped[datetime]


class BuildObjectRow(Base):
    """An object of a build: records, Parquet, manifest, search index, vectors."""

    __tablename__ = "build_object"

    object_key: Mapped[str] = mapped_column(primary_key=True)
    build_id: Mapped[str] = mapped_column(ForeignKey("build.id"), index=True)
    name: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]


class ShardRow(Base):
    """An object with what a batch of documents gave, one after the other."""

    __tablename__ = "shard"

    object_key: Mapped[str] = mapped_column(primary_key=True)
    base_id: Mapped[str] = mapped_column(ForeignKey("knowledge_base.id"), index=True)


class ParsedDocumentRow(Base):
    """Where in a shard lies what a document gave; the key is of its bytes and how it was read."""

    __tablename__ = "parsed_document"

    base_id: Mapped[str] = mapped_column(ForeignKey("knowledge_base.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    object_key: Mapped[str] = mapped_column(ForeignKey("shard.object_key"), index=True)
    start: Mapped[int] = mapped_column(BigInteger)
    end: Mapped[int] = mapped_column(BigInteger)
