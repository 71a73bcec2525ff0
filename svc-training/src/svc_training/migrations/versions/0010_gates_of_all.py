"""A gate is there from the first event on; it says itself whether svc-quality was heard of."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Every gate of before was made when svc-quality was heard of."""
    with op.batch_alter_table("gate") as batch:
        batch.add_column(sa.Column("asked", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    """A gate that svc-quality has not been heard of is none again."""
    op.execute("DELETE FROM gate WHERE NOT asked")
    with op.batch_alter_table("gate") as batch:
        batch.drop_column("asked")
