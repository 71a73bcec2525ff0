"""Rows of judgements and of what people decided about them."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from svc_quality.base import Base


class JudgementRow(Base):
    """One judgement. Its state is its job's; its verdict is there when the job has succeeded."""

    __tablename__ = "judgement"
    __table_args__ = (Index("ix_judgement_tenant", "tenant", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    suite_id: Mapped[str] = mapped_column(ForeignKey("suite.id"), index=True)
    suite_version: Mapped[int]
    table_version_id: Mapped[str] = mapped_column(ForeignKey("table_version.id"), index=True)
    reference_id: Mapped[str | None]
    job_id: Mapped[str] = mapped_column(unique=True)
    verdict: Mapped[str | None]
    found: Mapped[str | None]
    reasons: Mapped[list[str] | None]
    remedies: Mapped[list[str] | None]
    failing: Mapped[list[str] | None]
    counts: Mapped[dict[str, int] | None]
    revision: Mapped[int]
    created_at: Mapped[datetime]


class ReportRow(Base):
    """A report's object."""

    __tablename__ = "report"

    object_key: Mapped[str] = mapped_column(primary_key=True)
    judgement_id: Mapped[str] = mapped_column(ForeignKey("judgement.id"), index=True)
    form: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]


class OverrideRow(Base):
    """Who let a version pass all the same, and why. Never changed, never deleted."""

    __tablename__ = "override"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    judgement_id: Mapped[str] = mapped_column(ForeignKey("judgement.id"), index=True)
    subject: Mapped[str]
    reason: Mapped[str]
    checks: Mapped[list[str]]
    created_at: Mapped[datetime]
