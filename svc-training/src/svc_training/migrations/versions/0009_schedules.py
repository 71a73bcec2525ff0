"""Triggers that a schedule asks, and decisions told apart by what they were asked by."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import UtcDateTime

revision = "0009"
down_revision = "0008"

_BEFORE = "uq_training_decision_trigger_id_table_version_id_revision"
_NOW = "uq_training_decision_occasion"


def upgrade() -> None:
    """What there is is asked about new data, as before."""
    with op.batch_alter_table("trigger") as table:
        table.add_column(sa.Column("schedule", sa.String()))
        table.add_column(sa.Column("due_at", UtcDateTime()))
        table.add_column(
            sa.Column("on_new_data", sa.Boolean(), nullable=False, server_default=sa.true())
        )
        table.create_index("ix_trigger_due_at", ["due_at"])
    with op.batch_alter_table("training_decision") as table:
        table.add_column(sa.Column("occasion", sa.String(), nullable=False, server_default=""))
        table.drop_constraint(_BEFORE, type_="unique")
        table.create_unique_constraint(
            _NOW, ["trigger_id", "table_version_id", "revision", "occasion"]
        )
    with op.batch_alter_table("trigger") as table:
        table.alter_column("on_new_data", existing_type=sa.Boolean(), server_default=None)
    with op.batch_alter_table("training_decision") as table:
        table.alter_column("occasion", existing_type=sa.String(), server_default=None)


def downgrade() -> None:
    """Forget schedules, and what they asked for."""
    op.execute(
        "DELETE FROM report_file WHERE report_id IN (SELECT report.id FROM report JOIN "
        "training_decision ON training_decision.id = decision_id WHERE occasion <> '')"
    )
    op.execute(
        "DELETE FROM report WHERE decision_id IN "
        "(SELECT id FROM training_decision WHERE occasion <> '')"
    )
    op.execute("DELETE FROM training_decision WHERE occasion <> ''")
    with op.batch_alter_table("training_decision") as table:
        table.drop_constraint(_NOW, type_="unique")
        table.create_unique_constraint(_BEFORE, ["trigger_id", "table_version_id", "revision"])
        table.drop_column("occasion")
    with op.batch_alter_table("trigger") as table:
        table.drop_index("ix_trigger_due_at")
        for name in ("schedule", "due_at", "on_new_data"):
            table.drop_column(name)
