"""Workers, as they were last seen."""

from shared_lib.db.shared_tables import create_shared_tables_v2, drop_shared_tables_v2

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of workers."""
    create_shared_tables_v2()


def downgrade() -> None:
    """Drop it."""
    drop_shared_tables_v2()
