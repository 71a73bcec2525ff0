"""Running a service's migrations: Alembic, inside the package, one history for both databases.

A file of `migrations/versions` is named after its revision, `0002_what_it_does.py`, and revisions
follow one another by number: so the newest one is known without loading Alembic at every start.
"""

from importlib import import_module
from importlib.resources import files

from sqlalchemy import inspect, text

from shared_lib.contracts.errors import UnavailableError
from shared_lib.db.engine import Database

VERSION_TABLE = "alembic_version"


def head(package: str) -> str | None:
    """The newest revision that the package knows."""
    versions = (files(package) / "migrations" / "versions").iterdir()
    return max((path.name[:4] for path in versions if path.name[:4].isdigit()), default=None)


def current(database: Database) -> str | None:
    """The revision the database stands at, None before the first migration."""
    with database.engine.connect() as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        revision: str | None = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - a constant
        return revision


class NotMigratedError(UnavailableError):
    """The database is older or newer than the release that runs on it."""

    code = "not_migrated"
    title = "The database does not fit this release"


def check_migrated(package: str, database: Database) -> None:
    """See that the database stands where the package needs it.

    Raises:
        NotMigratedError: it stands elsewhere.
    """
    found, needed = current(database), head(package)
    if found != needed:
        raise NotMigratedError(
            f"The database is at revision {found or 'none'} and this release needs "
            f"{needed or 'none'}. Run `python -m shared_lib.db.migrate {package}` first."
        )


def migrate(package: str, database: Database) -> None:
    """Bring the database to the package's newest revision; does nothing when it is there."""
    if current(database) != head(package):
        import_module("shared_lib.db.migration_env").upgrade(package, database)
