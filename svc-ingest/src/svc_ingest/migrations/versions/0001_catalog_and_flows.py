"""Datasets, versions, files, uploads, flows."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.shared_tables import create_shared_tables_v1, drop_shared_tables_v1
from shared_lib.db.types import Json, Serial, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    create_shared_tables_v1()
    _create_catalog()
    _create_content()
    _create_flows()
    _create_journal()


def _create_catalog() -> None:
    op.create_table(
        "dataset",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("tenant", "name"),
    )
    op.create_index("ix_dataset_tenant", "dataset", ["tenant", "id"])
    op.create_table(
        "dataset_version",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), sa.ForeignKey("dataset.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("flow_id", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("dataset_id", "number"),
    )
    op.create_index("ix_dataset_version_tenant", "dataset_version", ["tenant", "id"])


def _create_content() -> None:
    op.create_table(
        "blob",
        sa.Column("tenant", sa.String(), primary_key=True),
        sa.Column("sha256", sa.String(), primary_key=True),
        sa.Column("object_key", sa.String(), nullable=False, unique=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "file",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("version_id", sa.String(), sa.ForeignKey("dataset_version.id"), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_file_tenant", "file", ["tenant", "id"])
    op.create_index("ix_file_version_id", "file", ["version_id"])
    op.create_table(
        "upload",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("object_key", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("deduplicated", sa.Boolean(), nullable=False),
        sa.Column("lease_until", UtcDateTime()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_upload_tenant", "upload", ["tenant", "id"])
    op.create_index("ix_upload_state", "upload", ["state", "lease_until"])


def _create_flows() -> None:
    op.create_table(
        "flow",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), sa.ForeignKey("dataset.id"), nullable=False),
        sa.Column("dataset_name", sa.String(), nullable=False),
        sa.Column("version_id", sa.String(), nullable=False),
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
    )
    op.create_index("ix_flow_tenant", "flow", ["tenant", "id"])
    op.create_table(
        "flow_entry",
        sa.Column("id", Serial, primary_key=True, autoincrement=True),
        sa.Column("flow_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_flow_entry_flow_id", "flow_entry", ["flow_id", "id"])


def _create_journal() -> None:
    op.create_table(
        "job_journal",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("flow_id", sa.String()),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String()),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", Json),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime()),
        sa.Column("ended_at", UtcDateTime()),
    )
    op.create_index("ix_job_journal_tenant", "job_journal", ["tenant", "id"])
    op.create_index("ix_job_journal_flow_id", "job_journal", ["flow_id"])
    op.create_table(
        "published_table",
        sa.Column("table_version_id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("flow_id", sa.String()),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("table_id", sa.String(), nullable=False),
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("bytes_in", sa.BigInteger(), nullable=False),
        sa.Column("bytes_out", sa.BigInteger(), nullable=False),
        sa.Column("quarantined_rows", sa.BigInteger(), nullable=False),
        sa.Column("widened", sa.Integer(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_published_table_tenant", "published_table", ["tenant"])
    op.create_index("ix_published_table_flow_id", "published_table", ["flow_id"])


def downgrade() -> None:
    """Back to an empty database."""
    for table in (
        *("published_table", "job_journal", "flow_entry", "flow", "upload", "file", "blob"),
        *("dataset_version", "dataset"),
    ):
        op.drop_table(table)
    drop_shared_tables_v1()
