"""The table of the request log."""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from gateway.base import Base


class RequestRow(Base):
    """One request. `id` orders the rows; `request_id` may be the client's own and come twice."""

    __tablename__ = "request_log"
    __table_args__ = (Index("ix_request_log_tenant", "tenant", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    request_id: Mapped[str]
    at: Mapped[datetime]
    tenant: Mapped[str | None]
    subject: Mapped[str | None]
    method: Mapped[str]
    path: Mapped[str]
    service: Mapped[str]
    status: Mapped[int]
    bytes_in: Mapped[int] = mapped_column(BigInteger)
    bytes_out: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[float]
    client: Mapped[str]
    trace_id: Mapped[str]
    error_code: Mapped[str | None]
