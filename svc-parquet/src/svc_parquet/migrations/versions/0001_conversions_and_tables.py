"""Conversions and tables."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.shared_tables import create_shared_tables_v1, drop_shared_tables_v1
from shared_lib.db.types import Json, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    create_shared_tables_v1()
    op.create_table(
        "source_file",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("dataset_name", sa.String(), nullable=False),
        sa.Column("version_id", sa.String(), nullable=False),
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("flow_id", sa.String()),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("object_key", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "data_table",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("dataset_name", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("tenant", "dataset_id", "name"),
    )
    op.create_index("ix_data_table_tenant", "data_table", ["tenant", "id"])
    op.create_table(
        "conversion",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), sa.ForeignKey("source_file.id"), nullable=False),
        sa.Column("table_id", sa.String(), sa.ForeignKey("data_table.id"), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False, unique=True),
        sa.Column("options", Json, nullable=False),
        sa.Column("table_version_id", sa.String()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_conversion_tenant", "conversion", ["tenant", "id"])
    op.create_index("ix_conversion_file_id", "conversion", ["file_id"])
    _create_versions()


def _create_versions() -> None:
    op.create_table(
        "table_version",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("table_id", sa.String(), sa.ForeignKey("data_table.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("conversion_id", sa.String(), sa.ForeignKey("conversion.id"), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("dataset_version_id", sa.String(), nullable=False),
        sa.Column("flow_id", sa.String()),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("bytes_in", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("quarantined_rows", sa.BigInteger(), nullable=False),
        sa.Column("columns", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("table_id", "number"),
    )
    op.create_index("ix_table_version_tenant", "table_version", ["tenant", "id"])
    op.create_table(
        "table_object",
        sa.Column("object_key", sa.String(), primary_key=True),
        sa.Column(
            "table_version_id", sa.String(), sa.ForeignKey("table_version.id"), nullable=False
        ),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("rows", sa.BigInteger()),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
    )
    op.create_index("ix_table_object_table_version_id", "table_object", ["table_version_id"])


def downgrade() -> None:
    """Back to an empty database."""
    for table in ("table_object", "table_version", "conversion", "data_table", "source_file"):
        op.drop_table(table)
    drop_shared_tables_v1()
