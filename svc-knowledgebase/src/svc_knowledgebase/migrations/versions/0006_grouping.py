"""How bases are grouped, and the job of a build that does it."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Room for them."""
    op.create_table(
        "grouping",
        sa.Column(
            "base_id",
            sa.String(),
            sa.ForeignKey("knowledge_base.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("taxonomy", Json),
        sa.Column("clusters", Json),
    )
    op.add_column("build", sa.Column("group_job_id", sa.String()))


def downgrade() -> None:
    """Forget them."""
    op.drop_column("build", "group_job_id")
    op.drop_table("grouping")
