"""What a flow was asked for goes on with its tables."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Keep the plan beside the file."""
    op.add_column("source_file", sa.Column("plan", Json))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("source_file", "plan")
