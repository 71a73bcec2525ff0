"""The GPUs that a worker has."""

from shared_lib.db.shared_tables import create_shared_tables_v3, drop_shared_tables_v3

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Room for them."""
    create_shared_tables_v3()


def downgrade() -> None:
    """Forget them."""
    drop_shared_tables_v3()
