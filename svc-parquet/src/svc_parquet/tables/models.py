"""Rows of tables, their versions, and the Parquet parts that a version is made of."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from svc_parquet.base import Base


class TableRow(Base):
    """A table: the converted form of one file of a dataset, version after version."""

    __tablename__ = "data_table"
    __table_args__ = (
        UniqueConstraint("tenant", "dataset_id", "name"),
        Index("ix_data_table_tenant", "tenant", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    dataset_id: Mapped[str]
    dataset_name: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime]


class TableVersionRow(Base):
    """An immutable version. What the report says in full is the object at `report_key`."""

    __tablename__ = "table_version"
    __table_args__ = (
        UniqueConstraint("table_id", "number"),
        Index("ix_table_version_tenant", "tenant", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    table_id: Mapped[str] = mapped_column(ForeignKey("data_table.id"))
    number: Mapped[int]
    origin: Mapped[str] = mapped_column(server_default="conversion")
    conversion_id: Mapped[str | None] = mapped_column(ForeignKey("conversion.id"))
    file_id: Mapped[str]
    dataset_version_id: Mapped[str]
    flow_id: Mapped[str | None]
    rows: Mapped[int] = mapped_column(BigInteger)
    bytes_in: Mapped[int] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)
    quarantined_rows: Mapped[int] = mapped_column(BigInteger)
    parts: Mapped[int] = mapped_column(server_default="1")
    columns: Mapped[list[dict[str, Any]]]
    source: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]


class TableObjectRow(Base):
    """An object that a version is made of: a Parquet part, its report, preview or quarantine.

    A part may be part of several versions: it never changes.
    """

    __tablename__ = "version_object"

    table_version_id: Mapped[str] = mapped_column(ForeignKey("table_version.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    object_key: Mapped[str] = mapped_column(index=True)
    rows: Mapped[int | None] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
