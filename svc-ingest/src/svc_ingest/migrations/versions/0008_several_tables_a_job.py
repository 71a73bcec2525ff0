"""A conversion may publish several tables: how many, so that a flow waits for all of them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the count; every job of before published one table."""
    column = sa.Column("tables", sa.Integer(), nullable=False, server_default="1")
    op.add_column("published_table", column)


def downgrade() -> None:
    """Drop it."""
    op.drop_column("published_table", "tables")
