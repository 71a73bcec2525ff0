"""`uvicorn --factory svc_knowledgebase.main:app_factory`."""

from fastapi import FastAPI

from shared_lib.observability import configure_logging
from svc_knowledgebase.app import create_app
from svc_knowledgebase.settings import KnowledgebaseSettings


def app_factory() -> FastAPI:
    """The app with settings from the environment."""
    settings = KnowledgebaseSettings()
    configure_logging(
        settings.service, level=settings.log.level, json_lines=settings.log.json_lines
    )
    return create_app(settings)
