"""Databases: one per service, SQLite or PostgreSQL, with one history of migrations for both."""

from shared_lib.db.engine import Database, ReadView, WriteUnit
from shared_lib.db.pages import KeysetPage, decode_cursor, encode_cursor
from shared_lib.db.repository import Repository
from shared_lib.db.types import COLUMN_TYPES, Json, UtcDateTime, new_metadata

__all__ = [
    "COLUMN_TYPES",
    "Database",
    "Json",
    "KeysetPage",
    "ReadView",
    "Repository",
    "UtcDateTime",
    "WriteUnit",
    "decode_cursor",
    "encode_cursor",
    "new_metadata",
]
