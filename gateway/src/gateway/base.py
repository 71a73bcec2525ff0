"""The declarative base of the gateway's own tables."""

from sqlalchemy.orm import DeclarativeBase

from shared_lib.db import COLUMN_TYPES, new_metadata


class Base(DeclarativeBase):
    """Tables of the gateway."""

    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES
