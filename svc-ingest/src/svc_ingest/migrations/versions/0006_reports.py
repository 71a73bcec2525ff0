"""The reports of trainings, and of why there was none."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json, UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table; what was decided before names no report, so nothing waits for one."""
    op.create_table(
        "report",
        sa.Column("subject_id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("flow_id", sa.String()),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("details", Json, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_report_tenant", "report", ["tenant"])
    op.create_index("ix_report_flow_id", "report", ["flow_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("report")
