"""The declarative base of this service's own tables."""

from typing import Any

from sqlalchemy.orm import DeclarativeBase

from shared_lib.db import COLUMN_TYPES, new_metadata
from shared_lib.db.types import Json


class Base(DeclarativeBase):
    """Tables of svc-ingest."""

    metadata = new_metadata()
    type_annotation_map: dict[Any, Any] = {**COLUMN_TYPES, list[dict[str, Any]]: Json}
