"""The stages that the tries of a training job have run."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Room for them."""
    op.add_column("training_job", sa.Column("ran", Json))


def downgrade() -> None:
    """Forget them."""
    op.drop_column("training_job", "ran")
