"""The app of svc-training: pipelines, triggers and models."""

from fastapi import FastAPI

from shared_lib.web import create_service_app
from svc_training.settings import TrainingSettings
from svc_training.worker import runtime


def create_app(settings: TrainingSettings) -> FastAPI:
    """Health, metrics and events; the slices come with their own issues."""
    return create_service_app(runtime(settings), title="svc-training")
