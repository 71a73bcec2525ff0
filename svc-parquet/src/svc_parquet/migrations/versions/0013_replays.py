"""Conversions of a file with rows of its quarantine put right."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add which conversion is replayed, and the rows that replace those it set aside."""
    op.add_column("conversion", sa.Column("replays", sa.String()))
    op.add_column("conversion", sa.Column("corrections", Json))


def downgrade() -> None:
    """Drop both."""
    op.drop_column("conversion", "corrections")
    op.drop_column("conversion", "replays")
