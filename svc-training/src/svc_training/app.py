"""The app of svc-training: pipelines, training jobs and what asks for them."""

from fastapi import FastAPI

from shared_lib.contracts.events import JUDGEMENTS_REQUESTED, QUALITY_JUDGED, TABLE_PUBLISHED
from shared_lib.web import create_service_app
from svc_training.models import endpoints as models_endpoints
from svc_training.models.service import Models
from svc_training.pipelines import endpoints as pipelines_endpoints
from svc_training.pipelines.service import Pipelines
from svc_training.reports import endpoints as reports_endpoints
from svc_training.settings import TrainingSettings
from svc_training.tables.service import Tables
from svc_training.training_jobs import endpoints as training_jobs_endpoints
from svc_training.training_jobs.service import TrainingJobs
from svc_training.triggers import endpoints as triggers_endpoints
from svc_training.triggers.service import Triggers
from svc_training.worker import runtime


def create_app(settings: TrainingSettings) -> FastAPI:
    """Judged tables in; decisions, metrics and models out."""
    parts = runtime(settings)
    training_jobs = TrainingJobs(parts)
    triggers = Triggers(parts, training_jobs=training_jobs)
    tables = Tables(settled=triggers.on_settled)
    return create_service_app(
        parts,
        title="svc-training",
        routers=[
            models_endpoints.router,
            pipelines_endpoints.router,
            reports_endpoints.router,
            training_jobs_endpoints.router,
            triggers_endpoints.router,
        ],
        handlers={
            TABLE_PUBLISHED.name: tables.on_table_published,
            JUDGEMENTS_REQUESTED.name: tables.on_judgements_requested,
            QUALITY_JUDGED.name: tables.on_quality_judged,
        },
        services={
            Models: Models(),
            Pipelines: Pipelines(settings),
            TrainingJobs: training_jobs,
            Triggers: triggers,
        },
    )
