"""Prices, and what queries on a version read."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json, UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make both tables; what is not measured is measured when it is asked for."""
    op.create_table(
        "price_table",
        sa.Column("tenant", sa.String(), primary_key=True),
        sa.Column("prices", Json, nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "table_layout",
        sa.Column(
            "table_version_id", sa.String(), sa.ForeignKey("table_version.id"), primary_key=True
        ),
        sa.Column("footers", sa.BigInteger(), nullable=False),
        sa.Column("column_bytes", sa.Double(), nullable=False),
        sa.Column("filtered_bytes", sa.Double(), nullable=False),
    )


def downgrade() -> None:
    """Forget both."""
    op.drop_table("table_layout")
    op.drop_table("price_table")
