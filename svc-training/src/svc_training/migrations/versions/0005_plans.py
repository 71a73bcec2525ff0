"""A flow's own plan can ask for a training, as triggers do."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Keep the plan beside the table; a decision names its pipeline, and perhaps no trigger."""
    op.add_column("table_version", sa.Column("plan", Json))
    op.add_column("training_decision", sa.Column("pipeline", sa.String()))
    op.execute(
        "UPDATE training_decision SET pipeline = "
        "(SELECT pipeline FROM trigger WHERE trigger.id = training_decision.trigger_id)"
    )
    with op.batch_alter_table("training_decision") as table:
        table.alter_column("pipeline", existing_type=sa.String(), nullable=False)
        table.alter_column("trigger_id", existing_type=sa.String(), nullable=True)


def downgrade() -> None:
    """Forget what plans have asked for."""
    op.execute("DELETE FROM training_decision WHERE trigger_id IS NULL")
    with op.batch_alter_table("training_decision") as table:
        table.alter_column("trigger_id", existing_type=sa.String(), nullable=False)
        table.drop_column("pipeline")
    op.drop_column("table_version", "plan")
