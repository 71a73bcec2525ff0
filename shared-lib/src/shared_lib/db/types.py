"""Column types and the declarative base that behave alike on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, MetaData, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""JSON text on SQLite, JSONB on PostgreSQL; None is NULL on both, not the JSON word."""

Serial = BigInteger().with_variant(Integer(), "sqlite")
"""A growing integer key: SQLite numbers rows by itself only for INTEGER."""

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time. SQLite keeps no zone, so it is taken off and put back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time must know its zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy calls it with both
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


COLUMN_TYPES: dict[Any, Any] = {
    datetime: UtcDateTime(),
    dict[str, Any]: Json,
    list[dict[str, Any]]: Json,
}
"""How an annotated attribute becomes a column; every declarative base uses it."""


def new_metadata() -> MetaData:
    """Metadata of one owner's tables, with names that both databases agree on."""
    return MetaData(naming_convention=NAMING)


class SharedBase(DeclarativeBase):
    """The tables that every service has: jobs, their entries, outbox, inbox, answers kept."""

    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES
