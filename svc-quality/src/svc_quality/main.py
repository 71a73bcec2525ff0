"""`uvicorn --factory svc_quality.main:app_factory`."""

from fastapi import FastAPI

from svc_quality.app import create_app
from svc_quality.settings import QualitySettings


def app_factory() -> FastAPI:
    """The app with settings from the environment."""
    return create_app(QualitySettings())
