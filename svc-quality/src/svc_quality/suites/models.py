"""Rows of suites and of their versions."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from svc_quality.base import Base


class SuiteRow(Base):
    """A suite, bound to a dataset by its name: it may come before the first file does."""

    __tablename__ = "suite"
    __table_args__ = (
        UniqueConstraint("tenant", "dataset_name", "name"),
        Index("ix_suite_tenant", "tenant", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    name: Mapped[str]
    dataset_name: Mapped[str]
    table_name: Mapped[str | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class SuiteReferenceRow(Base):
    """Which version of a table drift is measured against; a suite may judge several tables."""

    __tablename__ = "suite_reference"

    suite_id: Mapped[str] = mapped_column(ForeignKey("suite.id"), primary_key=True)
    table_id: Mapped[str] = mapped_column(primary_key=True)
    table_version_id: Mapped[str] = mapped_column(ForeignKey("table_version.id"))


class SuiteVersionRow(Base):
    """What a suite asked for at some time; judgements name it, so it never changes."""

    __tablename__ = "suite_version"

    suite_id: Mapped[str] = mapped_column(ForeignKey("suite.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    suite: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
