"""Running a service's migrations: alembic, inside the package, one history for both databases."""

from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, text

from shared_lib.db.engine import Database

MIGRATION_LOCK = 7_211_530_011


def _config(package: str, database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files(package) / "migrations"))
    config.attributes["engine"] = database.engine.execution_options(fleet_write=True)
    return config


def head(package: str, database: Database) -> str | None:
    """The newest revision that the package knows."""
    return ScriptDirectory.from_config(_config(package, database)).get_current_head()


def current(database: Database) -> str | None:
    """The revision the database stands at, None before the first migration."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(package: str, database: Database) -> None:
    """Bring the database to the package's newest revision; does nothing when it is there."""
    if current(database) != head(package, database):
        command.upgrade(_config(package, database), "head")


def run_env(metadata: Iterable[MetaData]) -> None:
    """The body of every `migrations/env.py`: all pending revisions in one transaction.

    Several processes may start at once: the first one to take the lock migrates, the others find
    nothing left to do. The lock goes with the transaction, so a killed process leaves no lock and
    no half-made table behind.
    """
    engine = context.config.attributes["engine"]
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        # Not returned to the pool: it is set up for migrations.
        connection.detach()
        if connection.dialect.name == "sqlite":
            # Rebuilding a table drops it, and dropping it would delete the rows that refer to it.
            driver.execute("PRAGMA foreign_keys = OFF")
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            context.configure(
                connection=connection, target_metadata=list(metadata), render_as_batch=True
            )
            context.run_migrations()
