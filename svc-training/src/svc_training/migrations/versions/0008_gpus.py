"""The GPUs that workers have, and that trainings and triggers ask for."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.shared_tables import create_shared_tables_v3, drop_shared_tables_v3

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Room for them."""
    create_shared_tables_v3()
    for table in ("training_job", "trigger"):
        op.add_column(table, sa.Column("gpus", sa.Integer()))


def downgrade() -> None:
    """Forget them."""
    for table in ("training_job", "trigger"):
        op.drop_column(table, "gpus")
    drop_shared_tables_v3()
