"""The declarative base of this service's own tables."""

from shared_lib.db import COLUMN_TYPES, new_metadata
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Tables of svc-parquet."""

    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES
