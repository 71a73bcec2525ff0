"""Running a service's migrations: alembic, inside the package, one history for both databases."""

from collections.abc import Iterable
from importlib.resources import files

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData

from shared_lib.db.engine import Database


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
    """The body of every `migrations/env.py`."""
    engine = context.config.attributes["engine"]
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=list(metadata),
            render_as_batch=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
