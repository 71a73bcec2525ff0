"""`uvicorn --factory svc_ingest.main:app_factory`."""

from fastapi import FastAPI

from svc_ingest.app import create_app
from svc_ingest.settings import IngestSettings


def app_factory() -> FastAPI:
    """The app with settings from the environment."""
    return create_app(IngestSettings())
