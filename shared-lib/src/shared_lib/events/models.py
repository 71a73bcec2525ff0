"""Rows of events on their way out, and ids of events that came in."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from shared_lib.db.types import Json, Serial, SharedBase


class OutboxRow(SharedBase):
    """One event for one subscriber, until that subscriber has taken it."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_next_attempt_at", "next_attempt_at", "id"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    event_id: Mapped[str]
    subscriber: Mapped[str]
    event: Mapped[dict[str, Any]] = mapped_column(Json)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]


class InboxRow(SharedBase):
    """The id of an event whose effect is in this database."""

    __tablename__ = "inbox"

    event_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(index=True)
