"""`python -m shared_lib.db.migrate svc_ingest`: bring a service's database to its release.

Where the fleet is spread out this runs once before the service's processes start; several at once
wait for one another. The embedded fleet does the same in its own process.
"""

import argparse
import sys

from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.exc import OperationalError

from shared_lib.contracts.errors import FleetError
from shared_lib.db.engine import Database
from shared_lib.db.migrations import current, migrate
from shared_lib.settings.blocks import DatabaseSettings


class MigrationSettings(BaseSettings):
    """`FLEET_DATABASE__URL`, and nothing else of the service's settings."""

    model_config = SettingsConfigDict(
        env_prefix="FLEET_", env_nested_delimiter="__", extra="ignore"
    )

    database: DatabaseSettings


def main() -> None:
    """Migrate, and say where the database stands."""
    parser = argparse.ArgumentParser(description="Bring a service's database to its release")
    parser.add_argument("package", help="the service's package, such as svc_ingest")
    package = parser.parse_args().package
    database = Database(MigrationSettings().database.url, pool_size=1)
    try:
        before = current(database)
        migrate(package, database)
        after = current(database)
    except FleetError as error:
        sys.exit(f"{package}: {error.detail}")
    except OperationalError as error:
        sys.exit(f"{package}: the database cannot be used: {error.orig}")
    finally:
        database.dispose()
    sys.stdout.write(f"{package}: {before or 'empty'} -> {after}\n")


if __name__ == "__main__":
    main()
