"""Models, their versions, and the moves of their aliases."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json, Serial, UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the registry's tables."""
    op.create_table(
        "model",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("pipeline", sa.String(), nullable=False),
        sa.Column("table_id", sa.String(), nullable=False),
        sa.Column("dataset_name", sa.String(), nullable=False),
        sa.Column("versions", sa.Integer(), nullable=False),
        sa.Column("champion", sa.Integer()),
        sa.Column("challenger", sa.Integer()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("tenant", "name"),
        sa.UniqueConstraint("tenant", "pipeline", "table_id"),
    )
    op.create_index("ix_model_tenant", "model", ["tenant", "id"])
    model, training = sa.ForeignKey("model.id"), sa.ForeignKey("training_job.id")
    op.create_table(
        "model_version",
        sa.Column("model_id", sa.String(), model, primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("training_job_id", sa.String(), training, nullable=False, unique=True),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "alias_move",
        sa.Column("id", Serial, primary_key=True, autoincrement=True),
        sa.Column("model_id", sa.String(), sa.ForeignKey("model.id"), nullable=False),
        sa.Column("alias", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("before", sa.Integer()),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("subject", sa.String()),
        sa.Column("comparison", Json),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_alias_move_model", "alias_move", ["model_id", "id"])


def downgrade() -> None:
    """Drop them."""
    for table in ("alias_move", "model_version", "model"):
        op.drop_table(table)
