"""The declarative base of this service's own tables."""

from shared_lib.db.types import declarative_base

Base = declarative_base()
