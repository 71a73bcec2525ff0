"""`uvicorn --factory svc_knowledgebase.main:app_factory`."""

from fastapi import FastAPI

from svc_knowledgebase.app import create_app
from svc_knowledgebase.settings import KnowledgebaseSettings


def app_factory() -> FastAPI:
    """The app with settings from the environment."""
    return create_app(KnowledgebaseSettings())
