"""Versions that are made from a table instead of landed files."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """A version remembers the table it is made from."""
    with op.batch_alter_table("dataset_version") as batch:
        batch.add_column(sa.Column("made_from", Json))


def downgrade() -> None:
    """Forget what versions were made from."""
    with op.batch_alter_table("dataset_version") as batch:
        batch.drop_column("made_from")
