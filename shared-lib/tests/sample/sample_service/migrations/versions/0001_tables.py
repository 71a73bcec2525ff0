"""The shared tables and the sample's own."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.shared_tables import (
    create_shared_tables_v1,
    create_shared_tables_v2,
    create_shared_tables_v3,
    drop_shared_tables_v1,
    drop_shared_tables_v2,
    drop_shared_tables_v3,
)

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    create_shared_tables_v1()
    create_shared_tables_v2()
    create_shared_tables_v3()
    op.create_table(
        "effect",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
    )
    op.create_table(
        "heard",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    """Back to an empty database."""
    op.drop_table("heard")
    op.drop_table("effect")
    drop_shared_tables_v3()
    drop_shared_tables_v2()
    drop_shared_tables_v1()
