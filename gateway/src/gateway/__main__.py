"""`python -m gateway`: migrate, make the first key if there is none, serve."""

from gateway import bootstrap
from gateway.main import app_factory
from gateway.server import serve
from gateway.settings import GatewaySettings
from shared_lib.observability import configure_logging


def main() -> None:
    """Start one gateway process."""
    settings = GatewaySettings()
    configure_logging(
        settings.service, level=settings.log.level, json_lines=settings.log.json_lines
    )
    bootstrap.main()
    serve(app_factory(), settings=settings.http)


if __name__ == "__main__":
    main()
