"""What triggers decided about a flow's tables, and the trainings that followed."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json, UtcDateTime

revision = "0004"
down_revision = "0003"

EVERY_REVISION = 1_000_000
"""What was published before there were triggers waits for none, whatever the gate still says."""


def upgrade() -> None:
    """Make both tables; versions of before count as decided upon by nothing."""
    op.create_table(
        "decided_table",
        sa.Column("table_version_id", sa.String(), primary_key=True),
        sa.Column("revision", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("flow_id", sa.String()),
        sa.Column("decisions", Json, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "training",
        sa.Column("job_id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("flow_id", sa.String()),
        sa.Column("training_job_id", sa.String(), nullable=False),
        sa.Column("details", Json, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    for table in ("decided_table", "training"):
        op.create_index(f"ix_{table}_tenant", table, ["tenant"])
        op.create_index(f"ix_{table}_flow_id", table, ["flow_id"])
    op.execute(
        "INSERT INTO decided_table (table_version_id, revision, tenant, flow_id, decisions, at) "  # noqa: S608
        f"SELECT table_version_id, {EVERY_REVISION}, tenant, flow_id, '[]', published_at "
        "FROM published_table"
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_table("training")
    op.drop_table("decided_table")
