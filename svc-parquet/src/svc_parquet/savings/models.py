"""Rows of price tables, and of what is known of versions' files."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from svc_parquet.base import Base


class PriceTableRow(Base):
    """The prices that a tenant has set."""

    __tablename__ = "price_table"

    tenant: Mapped[str] = mapped_column(primary_key=True)
    prices: Mapped[dict[str, Any]]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]


class TableLayoutRow(Base):
    """What queries on a version read; kept because a version never changes."""

    __tablename__ = "table_layout"

    table_version_id: Mapped[str] = mapped_column(ForeignKey("table_version.id"), primary_key=True)
    footers: Mapped[int] = mapped_column(BigInteger)
    column_bytes: Mapped[float]
    filtered_bytes: Mapped[float]
