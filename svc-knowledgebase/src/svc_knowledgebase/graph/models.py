"""Rows of what is made of a build's graph."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from svc_knowledgebase.base import Base


class GraphFileRow(Base):
    """The job that makes a file of a build's graph; the file itself is an object of the build."""

    __tablename__ = "graph_file"

    build_id: Mapped[str] = mapped_column(
        ForeignKey("build.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    job_id: Mapped[str]
