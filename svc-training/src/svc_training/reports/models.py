"""Rows of reports, their forms, and the comments that they are told in."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from svc_training.base import Base


class ReportRow(Base):
    """A report of a training job, or of a decision not to train; `kept_at` is when it was there."""

    __tablename__ = "report"
    __table_args__ = (Index("ix_report_tenant", "tenant", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    training_job_id: Mapped[str | None] = mapped_column(ForeignKey("training_job.id"), unique=True)
    decision_id: Mapped[str | None] = mapped_column(ForeignKey("training_decision.id"), unique=True)
    job_id: Mapped[str] = mapped_column(unique=True)
    pull_request: Mapped[dict[str, Any] | None]
    kept_at: Mapped[datetime | None]
    comment_url: Mapped[str | None]
    created_at: Mapped[datetime]


class ReportFileRow(Base):
    """One form of a report: json, markdown, svg or png."""

    __tablename__ = "report_file"

    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), primary_key=True)
    form: Mapped[str] = mapped_column(primary_key=True)
    object_key: Mapped[str] = mapped_column(unique=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]


class CommentRow(Base):
    """The one comment of a model on a pull request, whoever's job writes it.

    `report_id` is what stands there; `holder` is the try of a job (`<job>-<fence>`) that is
    writing or was when it ended: one at a time looks for the comment and makes it.
    """

    __tablename__ = "comment"

    marker: Mapped[str] = mapped_column(primary_key=True)
    comment_id: Mapped[int | None] = mapped_column(BigInteger)
    report_id: Mapped[str | None]
    holder: Mapped[str | None]
