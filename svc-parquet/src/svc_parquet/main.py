"""`uvicorn --factory svc_parquet.main:app_factory`."""

from fastapi import FastAPI

from shared_lib.observability import configure_logging
from svc_parquet.app import create_app
from svc_parquet.settings import ParquetSettings


def app_factory() -> FastAPI:
    """The app with settings from the environment."""
    settings = ParquetSettings()
    configure_logging(
        settings.service, level=settings.log.level, json_lines=settings.log.json_lines
    )
    return create_app(settings)
