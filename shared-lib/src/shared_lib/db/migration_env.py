"""What needs Alembic itself. Imported when there is something to migrate: it is slow to import."""

from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from alembic import command, context
from alembic.config import Config
from sqlalchemy import MetaData, text

from shared_lib.db.engine import Database
from shared_lib.db.types import new_metadata

MIGRATION_LOCK = 7_211_530_011


def upgrade(package: str, database: Database) -> None:
    """Run every pending revision of a package."""
    config = Config()
    config.set_main_option("script_location", str(files(package) / "migrations"))
    config.attributes["engine"] = database.engine.execution_options(fleet_write=True)
    command.upgrade(config, "head")


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
                connection=connection, target_metadata=one_metadata(metadata), render_as_batch=True
            )
            context.run_migrations()


def one_metadata(parts: Iterable[MetaData]) -> MetaData:
    """The tables of all parts under our names for constraints.

    Alembic takes the convention for a revision's own constraints from here, and it takes none from
    a list of metadata: they would have no name, and no later revision could drop them by one.
    """
    whole = new_metadata()
    for part in parts:
        for table in part.sorted_tables:
            table.to_metadata(whole)
    return whole
