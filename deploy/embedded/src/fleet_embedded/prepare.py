"""What must be there before the first request: folders, keys, migrated databases."""

from shared_lib.db.engine import Database
from shared_lib.db.migrations import migrate
from shared_lib.identity import open_signer
from shared_lib.settings import ServiceSettings


def prepare_service(settings: ServiceSettings, *, package: str) -> None:
    """Make the service's key and bring its database up to date."""
    open_signer(settings.secrets_folder, issuer=settings.service, create=True)
    database = Database(settings.database.url)
    try:
        migrate(package, database)
    finally:
        database.dispose()
