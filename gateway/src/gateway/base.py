"""The declarative base of the gateway's own tables."""

from shared_lib.db import COLUMN_TYPES, new_metadata
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Tables of the gateway."""

    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES
