"""`uvicorn --factory svc_training.main:app_factory`."""

from fastapi import FastAPI

from shared_lib.observability import configure_logging
from svc_training.app import create_app
from svc_training.settings import TrainingSettings


def app_factory() -> FastAPI:
    """The app with settings from the environment."""
    settings = TrainingSettings()
    configure_logging(
        settings.service, level=settings.log.level, json_lines=settings.log.json_lines
    )
    return create_app(settings)
