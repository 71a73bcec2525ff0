"""`python -m gateway`: migrate, make the first key if there is none, serve."""

import sys

from gateway.bootstrap import bootstrap
from gateway.main import app_factory
from gateway.server import serve
from gateway.settings import GatewaySettings
from shared_lib.db.engine import Database
from shared_lib.observability import configure_logging


def main() -> None:
    """Start one gateway process."""
    settings = GatewaySettings()
    configure_logging(
        settings.service, level=settings.log.level, json_lines=settings.log.json_lines
    )
    database = Database(settings.database.url, pool_size=1)
    secret = bootstrap(settings, database=database)
    database.dispose()
    if secret is not None:
        # The only time the key can be read; it belongs on the terminal, not in a log file.
        sys.stdout.write(f"Owner key (shown this once): {secret}\n")
        sys.stdout.flush()
    serve(app_factory(), settings=settings.http)


if __name__ == "__main__":
    main()
