"""Table versions with their verdicts, training jobs, triggers and decisions."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json, UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the service's own tables."""
    _create_tables()
    _create_training_jobs()
    _create_triggers()


def _create_tables() -> None:
    op.create_table(
        "table_version",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("dataset_name", sa.String(), nullable=False),
        sa.Column("version_id", sa.String(), nullable=False),
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("table_id", sa.String(), nullable=False),
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("flow_id", sa.String()),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("parts", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_table_version_table", "table_version", ["table_id", "id"])
    op.create_table(
        "gate",
        sa.Column("table_version_id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("decided_revision", sa.Integer(), nullable=False),
    )
    op.create_table(
        "verdict",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("table_version_id", sa.String(), nullable=False),
        sa.Column("suite_name", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String()),
        sa.Column("reasons", Json, nullable=False),
    )
    op.create_index("ix_verdict_table_version_id", "verdict", ["table_version_id"])


def _create_training_jobs() -> None:
    version = sa.ForeignKey("table_version.id")
    op.create_table(
        "training_job",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("pipeline", sa.String(), nullable=False),
        sa.Column("table_id", sa.String(), nullable=False),
        sa.Column("table_version_id", sa.String(), version, nullable=False),
        sa.Column("frozen_id", sa.String(), sa.ForeignKey("table_version.id"), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False, unique=True),
        sa.Column("commit", sa.String()),
        sa.Column("changes", Json, nullable=False),
        sa.Column("params", Json),
        sa.Column("stages", Json),
        sa.Column("metrics", Json),
        sa.Column("lock_sha256", sa.String()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_training_job_tenant", "training_job", ["tenant", "id"])
    by_table = ["tenant", "pipeline", "table_id", "id"]
    op.create_index("ix_training_job_table", "training_job", by_table)
    training_job = sa.ForeignKey("training_job.id")
    op.create_table(
        "artifact",
        sa.Column("training_job_id", sa.String(), training_job, primary_key=True),
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("object_key", sa.String(), nullable=False, unique=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
    )


def _create_triggers() -> None:
    op.create_table(
        "trigger",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("dataset_name", sa.String(), nullable=False),
        sa.Column("table_name", sa.String()),
        sa.Column("pipeline", sa.String(), nullable=False),
        sa.Column("changes", Json, nullable=False),
        sa.Column("min_rows", sa.Integer(), nullable=False),
        sa.Column("min_interval_s", sa.Float(), nullable=False),
        sa.Column("on_warned", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime()),
    )
    op.create_index("ix_trigger_dataset", "trigger", ["tenant", "dataset_name"])
    op.create_table(
        "training_decision",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("trigger_id", sa.String(), sa.ForeignKey("trigger.id"), nullable=False),
        sa.Column(
            "table_version_id", sa.String(), sa.ForeignKey("table_version.id"), nullable=False
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("train", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("numbers", Json, nullable=False),
        sa.Column("training_job_id", sa.String(), sa.ForeignKey("training_job.id")),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("trigger_id", "table_version_id", "revision"),
    )
    op.create_index("ix_training_decision_tenant", "training_decision", ["tenant", "id"])
    op.create_index(
        "ix_training_decision_table_version_id", "training_decision", ["table_version_id"]
    )


def downgrade() -> None:
    """Drop them."""
    for table in (
        "training_decision", "trigger", "artifact", "training_job", "verdict", "gate",
        "table_version",
    ):  # fmt: skip
        op.drop_table(table)
