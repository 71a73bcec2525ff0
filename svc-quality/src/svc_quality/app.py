"""The app of svc-quality: suites, drift and the gate."""

from fastapi import FastAPI

from shared_lib.web import create_service_app
from svc_quality.settings import QualitySettings
from svc_quality.worker import runtime


def create_app(settings: QualitySettings) -> FastAPI:
    """Health, metrics and events; the slices come with their own issues."""
    return create_service_app(runtime(settings), title="svc-quality")
