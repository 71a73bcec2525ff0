"""Landed versions, knowledge bases, builds, and what documents gave."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json, UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    _create_sources()
    _create_bases()
    op.create_table(
        "build_object",
        sa.Column("object_key", sa.String(), primary_key=True),
        sa.Column("build_id", sa.String(), sa.ForeignKey("build.id"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
    )
    op.create_index("ix_build_object_build_id", "build_object", ["build_id"])
    op.create_table(
        "shard",
        sa.Column("object_key", sa.String(), primary_key=True),
        sa.Column("base_id", sa.String(), sa.ForeignKey("knowledge_base.id"), nullable=False),
    )
    op.create_index("ix_shard_base_id", "shard", ["base_id"])
    op.create_table(
        "parsed_document",
        sa.Column("base_id", sa.String(), sa.ForeignKey("knowledge_base.id"), primary_key=True),
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("object_key", sa.String(), sa.ForeignKey("shard.object_key"), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_parsed_document_object_key", "parsed_document", ["object_key"])


def _create_sources() -> None:
    op.create_table(
        "landed_version",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("dataset_name", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("flow_id", sa.String()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_index(
        "ix_landed_version_tenant", "landed_version", ["tenant", "dataset_name", "number"]
    )
    op.create_table(
        "landed_file",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("version_id", sa.String(), sa.ForeignKey("landed_version.id"), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("object_key", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_landed_file_version_id", "landed_file", ["version_id"])


def _create_bases() -> None:
    op.create_table(
        "knowledge_base",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("selection", Json, nullable=False),
        sa.Column("options", Json, nullable=False),
        sa.Column("follow", sa.Boolean(), nullable=False),
        sa.Column("current_build_id", sa.String()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("tenant", "name", name="uq_knowledge_base_tenant_name"),
    )
    op.create_index("ix_knowledge_base_tenant", "knowledge_base", ["tenant", "id"])
    op.create_table(
        "build",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("base_id", sa.String(), sa.ForeignKey("knowledge_base.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.String(), sa.ForeignKey("landed_version.id"), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False, unique=True),
        sa.Column("selection", Json, nullable=False),
        sa.Column("options", Json, nullable=False),
        sa.Column("counts", Json),
        sa.Column("changes", Json),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("base_id", "number", name="uq_build_base_id_number"),
    )
    op.create_index("ix_build_tenant", "build", ["tenant", "id"])


def downgrade() -> None:
    """Drop them."""
    for table in ("parsed_document", "shard", "build_object", "build", "knowledge_base"):
        op.drop_table(table)
    op.drop_table("landed_file")
    op.drop_table("landed_version")
