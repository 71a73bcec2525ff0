"""Migrations: one history for both databases that says what the models say."""

import threading
from collections.abc import Iterator

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sample_service import migrations
from sample_service.models import EffectRow, SampleBase
from sqlalchemy import inspect

from shared_lib.db import Database
from shared_lib.db import migrations as runner
from shared_lib.db.idempotency import IdempotencyRecord
from shared_lib.db.migration_env import MIGRATION_LOCK
from shared_lib.db.types import SharedBase
from shared_lib.events.models import InboxRow, OutboxRow
from shared_lib.jobs.models import JobEntryRow, JobRow

SHARED = {m.__tablename__ for m in (IdempotencyRecord, InboxRow, OutboxRow, JobEntryRow, JobRow)}


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def differences(database: Database) -> list[object]:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, [SharedBase.metadata, SampleBase.metadata]))


def test_the_migrated_tables_are_the_models_tables(empty: Database) -> None:
    runner.migrate("sample_service", empty)

    assert tables(empty) >= SHARED
    assert differences(empty) == []
    assert runner.current(empty) == runner.head("sample_service") == "0001"


def test_up_down_and_up_again(empty: Database) -> None:
    config = Config()
    config.set_main_option("script_location", next(iter(migrations.__path__)))
    config.attributes["engine"] = empty.engine.execution_options(fleet_write=True)

    assert runner.current(empty) is None
    for _ in range(2):
        runner.migrate("sample_service", empty)
        assert differences(empty) == []
        command.downgrade(config, "base")
        assert tables(empty) == set()


def test_migrating_twice_changes_nothing(empty: Database) -> None:
    runner.migrate("sample_service", empty)
    with empty.write() as unit:
        unit.session.add(EffectRow(job_id="a", fence=1))
    runner.migrate("sample_service", empty)
    with empty.read() as view:
        assert view.session.get(EffectRow, 1) is not None


def test_the_lock_of_a_migration_makes_a_second_one_wait_and_find_nothing_to_do(
    empty: Database,
) -> None:
    """alembic's own state belongs to a process; the other process is played by its lock."""
    other = Database(empty.url.render_as_string(hide_password=False))
    with other.write() as unit:
        if other.dialect == "postgresql":
            unit.session.connection().exec_driver_sql(
                f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"
            )
        thread = threading.Thread(target=runner.migrate, args=("sample_service", empty))
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join()
    other.dispose()

    assert differences(empty) == []


def test_a_revision_that_fails_leaves_nothing_half_made(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared_lib.db.shared_tables._create_event_tables_v1", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        runner.migrate("sample_service", empty)

    assert tables(empty) == set()
