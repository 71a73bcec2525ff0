"""Files that hold several tables: where each was found, and what gave none."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add a column to both; what was published before is the whole of its file."""
    op.add_column("table_version", sa.Column("source", Json))
    op.add_column("conversion", sa.Column("not_converted", Json))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("conversion", "not_converted")
    op.drop_column("table_version", "source")
