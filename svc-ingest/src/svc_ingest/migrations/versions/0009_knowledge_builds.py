"""Versions of documents, and the knowledge bases that are built from them."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json, UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make both tables; flows of before are of tables."""
    op.add_column(
        "flow", sa.Column("purpose", sa.String(), nullable=False, server_default="tables")
    )
    op.create_table(
        "asked_builds",
        sa.Column("flow_id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "knowledge_build",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("flow_id", sa.String()),
        sa.Column("base_id", sa.String(), nullable=False),
        sa.Column("base_name", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("details", Json),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_asked_builds_tenant", "asked_builds", ["tenant"])
    op.create_index("ix_knowledge_build_tenant", "knowledge_build", ["tenant"])
    op.create_index("ix_knowledge_build_flow_id", "knowledge_build", ["flow_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("knowledge_build")
    op.drop_table("asked_builds")
    op.drop_column("flow", "purpose")
