"""`uvicorn --factory svc_parquet.main:app_factory`."""

from fastapi import FastAPI

from svc_parquet.app import create_app
from svc_parquet.settings import ParquetSettings


def app_factory() -> FastAPI:
    """The app with settings from the environment."""
    return create_app(ParquetSettings())
