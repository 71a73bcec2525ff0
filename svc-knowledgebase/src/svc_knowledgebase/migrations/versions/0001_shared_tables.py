"""Jobs, events, idempotency records."""

from shared_lib.db.shared_tables import create_shared_tables_v1, drop_shared_tables_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables that every service has."""
    create_shared_tables_v1()


def downgrade() -> None:
    """Back to an empty database."""
    drop_shared_tables_v1()
