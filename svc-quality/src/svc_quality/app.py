"""The app of svc-quality: suites and the gate."""

from fastapi import FastAPI

from shared_lib.contracts.events import TABLE_PUBLISHED
from shared_lib.web import create_service_app
from svc_quality.judgements import endpoints as judgements_endpoints
from svc_quality.judgements.service import Judgements
from svc_quality.settings import QualitySettings
from svc_quality.suites import endpoints as suites_endpoints
from svc_quality.suites.service import Suites
from svc_quality.worker import runtime


def create_app(settings: QualitySettings) -> FastAPI:
    """Tables in, verdicts out."""
    parts = runtime(settings)
    judgements = Judgements(parts)
    suites = Suites(parts, judgements=judgements)
    return create_service_app(
        parts,
        title="svc-quality",
        routers=[suites_endpoints.router, judgements_endpoints.router],
        handlers={TABLE_PUBLISHED.name: judgements.on_table_published},
        services={Suites: suites, Judgements: judgements},
    )
