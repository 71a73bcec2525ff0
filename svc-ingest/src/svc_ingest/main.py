"""`uvicorn --factory svc_ingest.main:app_factory`."""

from fastapi import FastAPI

from shared_lib.observability import configure_logging
from svc_ingest.app import create_app
from svc_ingest.settings import IngestSettings


def app_factory() -> FastAPI:
    """The app with settings from the environment."""
    settings = IngestSettings()
    configure_logging(
        settings.service, level=settings.log.level, json_lines=settings.log.json_lines
    )
    return create_app(settings)
