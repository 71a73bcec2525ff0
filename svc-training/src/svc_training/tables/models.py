"""Rows of published table versions and of the gate's verdicts on them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from svc_training.base import Base


class TableVersionRow(Base):
    """A published version and where its Parquet files are."""

    __tablename__ = "table_version"
    __table_args__ = (Index("ix_table_version_table", "table_id", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    dataset_name: Mapped[str]
    version_id: Mapped[str]
    version_number: Mapped[int]
    file_id: Mapped[str]
    table_id: Mapped[str]
    table_name: Mapped[str]
    flow_id: Mapped[str | None]
    rows: Mapped[int] = mapped_column(BigInteger)
    parts: Mapped[list[str]]
    columns: Mapped[int | None] = mapped_column(BigInteger)
    bytes_in: Mapped[int | None] = mapped_column(BigInteger)
    bytes_out: Mapped[int | None] = mapped_column(BigInteger)
    quarantined_rows: Mapped[int | None] = mapped_column(BigInteger)
    plan: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]


class GateRow(Base):
    """What events have told of a table version, and which of its verdicts were decided upon.

    Every event makes or holds it first, so that of two that come at once the later one sees what
    the earlier one told. It may be there before the table version itself: events have no order.
    `asked`: svc-quality has said which suites judge the version.
    """

    __tablename__ = "gate"

    table_version_id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    decided_revision: Mapped[int]
    asked: Mapped[bool]


class VerdictRow(Base):
    """A judgement that is asked for; its verdict once there is one."""

    __tablename__ = "verdict"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    table_version_id: Mapped[str] = mapped_column(index=True)
    suite_name: Mapped[str]
    revision: Mapped[int]
    verdict: Mapped[str | None]
    reasons: Mapped[list[str]]
