"""`uvicorn --factory svc_training.main:app_factory`."""

from fastapi import FastAPI

from svc_training.app import create_app
from svc_training.settings import TrainingSettings


def app_factory() -> FastAPI:
    """The app with settings from the environment."""
    return create_app(TrainingSettings())
