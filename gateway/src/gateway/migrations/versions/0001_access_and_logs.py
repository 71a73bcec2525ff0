"""Tenants, keys, sessions, audit trail, request log."""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.shared_tables import create_shared_tables_v1, drop_shared_tables_v1
from shared_lib.db.types import Json, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    create_shared_tables_v1()
    op.create_table(
        "tenant",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False, unique=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), sa.ForeignKey("tenant.id"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String()),
        sa.Column("expires_at", UtcDateTime()),
        sa.Column("revoked_at", UtcDateTime()),
        sa.Column("last_used_at", UtcDateTime()),
    )
    op.create_index("ix_api_key_tenant", "api_key", ["tenant", "id"])
    op.create_table(
        "browser_session",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("key_id", sa.String(), sa.ForeignKey("api_key.id"), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
    )
    op.create_index("ix_browser_session_key_id", "browser_session", ["key_id"])
    op.create_index("ix_browser_session_expires_at", "browser_session", ["expires_at"])
    _create_trails()


def _create_trails() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("details", Json, nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
    )
    op.create_index("ix_audit_entry_tenant", "audit_entry", ["tenant", "id"])
    op.create_table(
        "request_log",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("tenant", sa.String()),
        sa.Column("subject", sa.String()),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("bytes_in", sa.BigInteger(), nullable=False),
        sa.Column("bytes_out", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.Double(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("trace_id", sa.String(), nullable=False),
        sa.Column("error_code", sa.String()),
    )
    op.create_index("ix_request_log_tenant", "request_log", ["tenant", "id"])


def downgrade() -> None:
    """Back to an empty database."""
    for table in ("request_log", "audit_entry", "browser_session", "api_key", "tenant"):
        op.drop_table(table)
    drop_shared_tables_v1()
