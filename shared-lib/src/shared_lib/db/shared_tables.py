"""The tables every service has, as its first migration makes them.

A migration must not change after it has run somewhere, so these functions are frozen: a later
change of a shared table is a new `..._v2` that every service calls in a new revision.
"""

import sqlalchemy as sa
from alembic import op

from shared_lib.db.types import Json, Serial, UtcDateTime


def create_shared_tables_v1() -> None:
    """Jobs and their entries, outbox and inbox, idempotency records."""
    _create_job_tables_v1()
    _create_event_tables_v1()
    op.create_table(
        "idempotency_record",
        sa.Column("tenant", sa.String(), primary_key=True),
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("location", sa.String()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_idempotency_record_created_at", "idempotency_record", ["created_at"])


def _create_job_tables_v1() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String()),
        sa.Column("flow_id", sa.String()),
        sa.Column("params", Json, nullable=False),
        sa.Column("result", Json),
        sa.Column("error", Json),
        sa.Column("failure", sa.String()),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String()),
        sa.Column("lease_until", UtcDateTime()),
        sa.Column("run_after", UtcDateTime(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("progress_done", sa.BigInteger(), nullable=False),
        sa.Column("progress_total", sa.BigInteger()),
        sa.Column("progress_unit", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime()),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_job_tenant", "job", ["tenant", "id"])
    op.create_index("ix_job_claimable", "job", ["state", "queue", "run_after"])
    op.create_table(
        "job_entry",
        sa.Column("id", Serial, primary_key=True, autoincrement=True),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_job_entry_job_id", "job_entry", ["job_id", "id"])


def _create_event_tables_v1() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", Serial, primary_key=True, autoincrement=True),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("subscriber", sa.String(), nullable=False),
        sa.Column("event", Json, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=False),
        sa.Column("last_error", sa.String()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_outbox_next_attempt_at", "outbox", ["next_attempt_at", "id"])
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"])


def drop_shared_tables_v1() -> None:
    """Undo `create_shared_tables_v1`."""
    for table in ("idempotency_record", "inbox", "outbox", "job_entry", "job"):
        op.drop_table(table)


def create_shared_tables_v2() -> None:
    """Workers, as they were last seen."""
    op.create_table(
        "worker",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
    )


def drop_shared_tables_v2() -> None:
    """Back to the first version."""
    op.drop_table("worker")


def create_shared_tables_v3() -> None:
    """The GPUs that a worker has."""
    op.add_column("worker", sa.Column("gpus", Json))


def drop_shared_tables_v3() -> None:
    """Back to the second version."""
    op.drop_column("worker", "gpus")
