"""Reports, their forms, the comments that tell of them, and which pull request is told."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json, UtcDateTime

revision = "0006"
down_revision = "0005"

TOLD_OF_TABLES = ("columns", "bytes_in", "bytes_out", "quarantined_rows")
"""Null for versions that were published before a report asked for these."""


def upgrade() -> None:
    """Make the tables, and the columns that reports are made of."""
    op.create_table(
        "report",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("training_job_id", sa.String(), sa.ForeignKey("training_job.id"), unique=True),
        sa.Column("decision_id", sa.String(), sa.ForeignKey("training_decision.id"), unique=True),
        sa.Column("job_id", sa.String(), nullable=False, unique=True),
        sa.Column("pull_request", Json),
        sa.Column("kept_at", UtcDateTime()),
        sa.Column("comment_url", sa.String()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_report_tenant", "report", ["tenant", "id"])
    op.create_table(
        "report_file",
        sa.Column("report_id", sa.String(), sa.ForeignKey("report.id"), primary_key=True),
        sa.Column("form", sa.String(), primary_key=True),
        sa.Column("object_key", sa.String(), nullable=False, unique=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
    )
    op.create_table(
        "comment",
        sa.Column("marker", sa.String(), primary_key=True),
        sa.Column("comment_id", sa.BigInteger()),
        sa.Column("report_id", sa.String()),
        sa.Column("holder", sa.String()),
    )
    for table in ("training_job", "trigger"):
        op.add_column(table, sa.Column("pull_request", Json))
    for name in TOLD_OF_TABLES:
        op.add_column("table_version", sa.Column(name, sa.BigInteger()))


def downgrade() -> None:
    """Drop them."""
    for name in TOLD_OF_TABLES:
        op.drop_column("table_version", name)
    for table in ("trigger", "training_job"):
        op.drop_column(table, "pull_request")
    for table in ("comment", "report_file", "report"):
        op.drop_table(table)
