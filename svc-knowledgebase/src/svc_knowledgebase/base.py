"""The declarative base of this service's own tables."""

from sqlalchemy.orm import DeclarativeBase

from shared_lib.db import COLUMN_TYPES, new_metadata


class Base(DeclarativeBase):
    """Tables of svc-knowledgebase."""

    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES
