"""Parts that several versions share, and how versions grow."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json, UtcDateTime

revision = "0012"
down_revision = "0011"

_COLUMNS = "table_version_id, role, position, object_key, rows, bytes, sha256"


def upgrade() -> None:
    """An object is named by each version that it is part of."""
    op.create_table(
        "version_object",
        sa.Column(
            "table_version_id", sa.String(), sa.ForeignKey("table_version.id"), primary_key=True
        ),
        sa.Column("role", sa.String(), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("object_key", sa.String(), nullable=False),
        sa.Column("rows", sa.BigInteger()),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
    )
    op.create_index("ix_version_object_object_key", "version_object", ["object_key"])
    op.execute(f"INSERT INTO version_object ({_COLUMNS}) SELECT {_COLUMNS} FROM table_object")  # noqa: S608 - constants
    op.drop_table("table_object")
    op.create_table(
        "table_change",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("table_id", sa.String(), sa.ForeignKey("data_table.id"), nullable=False),
        sa.Column("base_version_id", sa.String(), sa.ForeignKey("table_version.id")),
        sa.Column("source_version_id", sa.String(), sa.ForeignKey("table_version.id")),
        sa.Column("version_id", sa.String()),
        sa.Column("version_number", sa.Integer()),
        sa.Column("flow_id", sa.String()),
        sa.Column("job_id", sa.String(), nullable=False, unique=True),
        sa.Column("widen_to_text", sa.Boolean(), nullable=False),
        sa.Column("table_version_id", sa.String(), sa.ForeignKey("table_version.id")),
        sa.Column("outcome", Json),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_table_change_tenant", "table_change", ["tenant", "id"])
    op.create_index("ix_table_change_table_id", "table_change", ["table_id"])


def downgrade() -> None:
    """One version an object: of those that share it the oldest keeps it."""
    op.drop_table("table_change")
    op.create_table(
        "table_object",
        sa.Column("object_key", sa.String(), primary_key=True),
        sa.Column(
            "table_version_id", sa.String(), sa.ForeignKey("table_version.id"), nullable=False
        ),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("rows", sa.BigInteger()),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
    )
    op.create_index("ix_table_object_table_version_id", "table_object", ["table_version_id"])
    oldest = (
        "table_version_id = (SELECT min(o.table_version_id) FROM version_object o "
        "WHERE o.object_key = version_object.object_key)"
    )
    op.execute(
        f"INSERT INTO table_object ({_COLUMNS}) SELECT {_COLUMNS} FROM version_object "  # noqa: S608 - constants
        f"WHERE {oldest}"
    )
    op.drop_table("version_object")
