"""Rows of appends and compactions."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from svc_parquet.base import Base


class TableChangeRow(Base):
    """A job that makes the next version of a table from versions. Its state is its job's.

    An append is a version of the dataset too (`version_id`); a compaction changes no row.
    """

    __tablename__ = "table_change"
    __table_args__ = (Index("ix_table_change_tenant", "tenant", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    kind: Mapped[str]
    table_id: Mapped[str] = mapped_column(ForeignKey("data_table.id"), index=True)
    base_version_id: Mapped[str | None] = mapped_column(ForeignKey("table_version.id"))
    source_version_id: Mapped[str | None] = mapped_column(ForeignKey("table_version.id"))
    version_id: Mapped[str | None]
    version_number: Mapped[int | None]
    flow_id: Mapped[str | None]
    job_id: Mapped[str] = mapped_column(unique=True)
    widen_to_text: Mapped[bool]
    table_version_id: Mapped[str | None] = mapped_column(ForeignKey("table_version.id"))
    outcome: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
