"""Bases of a folder of the fleet."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Room for the folder."""
    op.add_column("knowledge_base", sa.Column("folder", Json))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("knowledge_base", "folder")
