"""Effects: what jobs publish, and what events did."""

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared_lib.db import COLUMN_TYPES, new_metadata


class SampleBase(DeclarativeBase):
    """The sample service's own tables."""

    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES


class EffectRow(SampleBase):
    """One published result. Nothing but the fence keeps it from being written twice."""

    __tablename__ = "effect"

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str]
    fence: Mapped[int]


class HeardRow(SampleBase):
    """One effect of one event. Nothing but the inbox keeps it from being written twice."""

    __tablename__ = "heard"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str]
    job_id: Mapped[str]
    state: Mapped[str]
    revision: Mapped[int]
