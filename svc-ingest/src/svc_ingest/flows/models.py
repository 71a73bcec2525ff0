"""Rows of flows, of their journal, and of every job of the fleet as `job.changed` told of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from shared_lib.db.types import Serial
from svc_ingest.base import Base


class FlowRow(Base):
    """One journey of one dataset version."""

    __tablename__ = "flow"
    __table_args__ = (Index("ix_flow_tenant", "tenant", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id"))
    dataset_name: Mapped[str]
    version_id: Mapped[str]
    version_number: Mapped[int]
    state: Mapped[str]
    files: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    purpose: Mapped[str]
    plan: Mapped[dict[str, Any] | None]


class FlowEntryRow(Base):
    """Something that happened in a flow; its id resumes an event stream."""

    __tablename__ = "flow_entry"
    __table_args__ = (Index("ix_flow_entry_flow_id", "flow_id", "id"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    flow_id: Mapped[str]
    name: Mapped[str]
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class JobJournalRow(Base):
    """The newest that is known of a job, whichever service owns it."""

    __tablename__ = "job_journal"
    __table_args__ = (
        Index("ix_job_journal_tenant", "tenant", "id"),
        Index("ix_job_journal_flow_id", "flow_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    flow_id: Mapped[str | None]
    service: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    subject_id: Mapped[str | None]
    revision: Mapped[int]
    attempts: Mapped[int]
    error: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class JudgedTableRow(Base):
    """A table version of which svc-quality has said by which suites it will be judged, if any."""

    __tablename__ = "judged_table"

    table_version_id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(index=True)
    flow_id: Mapped[str | None] = mapped_column(index=True)
    at: Mapped[datetime]


class JudgementRow(Base):
    """A judgement of a flow's table: asked for, then judged, then perhaps overridden."""

    __tablename__ = "judgement"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(index=True)
    flow_id: Mapped[str | None] = mapped_column(index=True)
    version_id: Mapped[str] = mapped_column(index=True)
    file_id: Mapped[str]
    table_version_id: Mapped[str]
    suite_name: Mapped[str]
    job_id: Mapped[str]
    revision: Mapped[int]
    verdict: Mapped[str | None]
    details: Mapped[dict[str, Any] | None]
    at: Mapped[datetime]


class DecidedTableRow(Base):
    """What all triggers said of a table version, a row for each revision of its verdicts."""

    __tablename__ = "decided_table"

    table_version_id: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tenant: Mapped[str] = mapped_column(index=True)
    flow_id: Mapped[str | None] = mapped_column(index=True)
    decisions: Mapped[list[dict[str, Any]]]
    at: Mapped[datetime]


class TrainingRow(Base):
    """The results of a training, as `training.finished` told of them."""

    __tablename__ = "training"

    job_id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(index=True)
    flow_id: Mapped[str | None] = mapped_column(index=True)
    training_job_id: Mapped[str]
    details: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class ReportRow(Base):
    """A report of a training or of a decision not to train, as `report.published` told of it."""

    __tablename__ = "report"

    subject_id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(index=True)
    flow_id: Mapped[str | None] = mapped_column(index=True)
    job_id: Mapped[str]
    details: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class AskedBuildsRow(Base):
    """A flow of which svc-knowledgebase has said which bases it builds from it, if any."""

    __tablename__ = "asked_builds"

    flow_id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(index=True)
    at: Mapped[datetime]


class KnowledgeBuildRow(Base):
    """A build of a knowledge base from a flow's version: asked for, then published."""

    __tablename__ = "knowledge_build"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(index=True)
    flow_id: Mapped[str | None] = mapped_column(index=True)
    base_id: Mapped[str]
    base_name: Mapped[str]
    job_id: Mapped[str]
    revision: Mapped[int]
    details: Mapped[dict[str, Any] | None]
    at: Mapped[datetime]


class PublishedTableRow(Base):
    """A table version that came out of a flow, as `table.published` told of it."""

    __tablename__ = "published_table"

    table_version_id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(index=True)
    flow_id: Mapped[str | None] = mapped_column(index=True)
    file_id: Mapped[str]
    table_id: Mapped[str]
    table_name: Mapped[str]
    job_id: Mapped[str]
    tables: Mapped[int]
    rows: Mapped[int] = mapped_column(BigInteger)
    columns: Mapped[int]
    bytes_in: Mapped[int] = mapped_column(BigInteger)
    bytes_out: Mapped[int] = mapped_column(BigInteger)
    quarantined_rows: Mapped[int] = mapped_column(BigInteger)
    widened: Mapped[int]
    published_at: Mapped[datetime]
