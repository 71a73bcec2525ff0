"""Table versions, suites, judgements."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json, UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the service's own tables."""
    _create_table_versions()
    _create_suites()
    _create_judgements()


def _create_table_versions() -> None:
    op.create_table(
        "table_version",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
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
    op.create_index("ix_table_version_table_id", "table_version", ["table_id"])
    op.create_index("ix_table_version_dataset", "table_version", ["tenant", "dataset_name", "id"])


def _create_suites() -> None:
    op.create_table(
        "suite",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("dataset_name", sa.String(), nullable=False),
        sa.Column("table_name", sa.String()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("tenant", "dataset_name", "name"),
    )
    op.create_index("ix_suite_tenant", "suite", ["tenant", "id"])
    op.create_table(
        "suite_version",
        sa.Column("suite_id", sa.String(), sa.ForeignKey("suite.id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("suite", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "suite_reference",
        sa.Column("suite_id", sa.String(), sa.ForeignKey("suite.id"), primary_key=True),
        sa.Column("table_id", sa.String(), primary_key=True),
        sa.Column(
            "table_version_id", sa.String(), sa.ForeignKey("table_version.id"), nullable=False
        ),
    )


def _create_judgements() -> None:
    op.create_table(
        "judgement",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("suite_id", sa.String(), sa.ForeignKey("suite.id"), nullable=False),
        sa.Column("suite_version", sa.Integer(), nullable=False),
        sa.Column(
            "table_version_id", sa.String(), sa.ForeignKey("table_version.id"), nullable=False
        ),
        sa.Column("reference_id", sa.String()),
        sa.Column("job_id", sa.String(), nullable=False, unique=True),
        sa.Column("verdict", sa.String()),
        sa.Column("found", sa.String()),
        sa.Column("reasons", Json),
        sa.Column("remedies", Json),
        sa.Column("failing", Json),
        sa.Column("counts", Json),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_judgement_tenant", "judgement", ["tenant", "id"])
    op.create_index("ix_judgement_suite_id", "judgement", ["suite_id"])
    op.create_index("ix_judgement_table_version_id", "judgement", ["table_version_id"])
    op.create_table(
        "report",
        sa.Column("object_key", sa.String(), primary_key=True),
        sa.Column("judgement_id", sa.String(), sa.ForeignKey("judgement.id"), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
    )
    op.create_index("ix_report_judgement_id", "report", ["judgement_id"])
    op.create_table(
        "override",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("judgement_id", sa.String(), sa.ForeignKey("judgement.id"), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("checks", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_override_judgement_id", "override", ["judgement_id"])


def downgrade() -> None:
    """Drop them."""
    for table in (
        "override", "report", "judgement", "suite_reference", "suite_version", "suite",
        "table_version",
    ):  # fmt: skip
        op.drop_table(table)
