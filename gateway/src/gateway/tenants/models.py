"""The table of tenants."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from gateway.base import Base


class TenantRow(Base):
    """A tenant."""

    __tablename__ = "tenant"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
