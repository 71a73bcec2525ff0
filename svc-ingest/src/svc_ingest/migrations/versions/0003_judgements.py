"""Judgements of a flow's tables."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json, UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make both tables; versions of before count as judged by nothing."""
    op.create_table(
        "judged_table",
        sa.Column("table_version_id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("flow_id", sa.String()),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "judgement",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("flow_id", sa.String()),
        sa.Column("version_id", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("table_version_id", sa.String(), nullable=False),
        sa.Column("suite_name", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String()),
        sa.Column("details", Json),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    for table in ("judged_table", "judgement"):
        op.create_index(f"ix_{table}_tenant", table, ["tenant"])
        op.create_index(f"ix_{table}_flow_id", table, ["flow_id"])
    op.create_index("ix_judgement_version_id", "judgement", ["version_id"])
    op.execute(
        "INSERT INTO judged_table (table_version_id, tenant, flow_id, at) "
        "SELECT table_version_id, tenant, flow_id, published_at FROM published_table"
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_table("judgement")
    op.drop_table("judged_table")
