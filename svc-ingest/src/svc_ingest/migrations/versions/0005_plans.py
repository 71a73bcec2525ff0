"""What was asked of a flow when it began."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Flows of before were asked for nothing."""
    op.add_column("flow", sa.Column("plan", Json))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("flow", "plan")
