"""Tables that are made from tables, and task datasets."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json, UtcDateTime

revision = "0010"
down_revision = "0005"


def upgrade() -> None:
    """A version may have no conversion; make the table of task datasets."""
    with op.batch_alter_table("table_version") as batch:
        batch.alter_column("conversion_id", existing_type=sa.String(), nullable=True)
        batch.add_column(
            sa.Column("origin", sa.String(), nullable=False, server_default="conversion")
        )
        batch.add_column(sa.Column("parts", sa.Integer(), nullable=False, server_default="1"))
    op.execute(
        "UPDATE table_version SET parts = (SELECT count(*) FROM table_object WHERE "
        "table_object.table_version_id = table_version.id AND table_object.role = 'part')"
    )
    op.create_table(
        "task_dataset",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("version_id", sa.String(), nullable=False),
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("flow_id", sa.String(), nullable=False),
        sa.Column(
            "source_version_id", sa.String(), sa.ForeignKey("table_version.id"), nullable=False
        ),
        sa.Column("table_id", sa.String(), sa.ForeignKey("data_table.id"), nullable=False),
        sa.Column("table_version_id", sa.String(), sa.ForeignKey("table_version.id")),
        sa.Column("job_id", sa.String(), nullable=False, unique=True),
        sa.Column("recipe", Json, nullable=False),
        sa.Column("summary", Json),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("tenant", "name", "version_number"),
    )
    op.create_index("ix_task_dataset_tenant", "task_dataset", ["tenant", "id"])
    op.create_index("ix_task_dataset_table_version_id", "task_dataset", ["table_version_id"])


def downgrade() -> None:
    """Forget task datasets; versions without a conversion go with them."""
    op.drop_table("task_dataset")
    made = "(SELECT id FROM table_version WHERE conversion_id IS NULL)"
    op.execute(f"DELETE FROM table_object WHERE table_version_id IN {made}")  # noqa: S608 - a constant
    op.execute("DELETE FROM table_version WHERE conversion_id IS NULL")
    with op.batch_alter_table("table_version") as batch:
        batch.drop_column("parts")
        batch.drop_column("origin")
        batch.alter_column("conversion_id", existing_type=sa.String(), nullable=False)
