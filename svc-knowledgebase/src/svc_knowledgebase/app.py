"""The app of svc-knowledgebase: folders become a searchable knowledge base."""

from fastapi import FastAPI

from shared_lib.web import create_service_app
from svc_knowledgebase.settings import KnowledgebaseSettings
from svc_knowledgebase.worker import runtime


def create_app(settings: KnowledgebaseSettings) -> FastAPI:
    """Health, metrics and events; the slices come with their own issues."""
    return create_service_app(runtime(settings), title="svc-knowledgebase")
