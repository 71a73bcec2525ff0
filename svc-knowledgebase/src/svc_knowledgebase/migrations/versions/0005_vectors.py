"""Vectors, and the job of a build that makes them."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Room for them."""
    op.create_table(
        "vector_shard",
        sa.Column("vectors_key", sa.String(), primary_key=True),
        sa.Column("digests_key", sa.String(), nullable=False, unique=True),
        sa.Column("base_id", sa.String(), sa.ForeignKey("knowledge_base.id"), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
    )
    op.create_index("ix_vector_shard_base_id", "vector_shard", ["base_id"])
    op.add_column("build", sa.Column("embed_job_id", sa.String()))
    op.add_column("build", sa.Column("embedding", Json))


def downgrade() -> None:
    """Forget them."""
    op.drop_column("build", "embedding")
    op.drop_column("build", "embed_job_id")
    op.drop_table("vector_shard")
