"""The app of svc-ingest."""

from fastapi import FastAPI

from shared_lib.contracts.events import (
    BUILDS_REQUESTED,
    DATASET_VERSION_DERIVED,
    JOB_CHANGED,
    JUDGEMENTS_REQUESTED,
    KNOWLEDGE_BASE_BUILT,
    QUALITY_JUDGED,
    REPORT_PUBLISHED,
    TABLE_PUBLISHED,
    TRAINING_DECIDED,
    TRAINING_FINISHED,
)
from shared_lib.web import create_service_app
from svc_ingest.datasets import endpoints as datasets_endpoints
from svc_ingest.datasets.service import Datasets
from svc_ingest.files import endpoints as files_endpoints
from svc_ingest.flows import endpoints as flows_endpoints
from svc_ingest.flows.endpoints import FlowTailer, changed_flows
from svc_ingest.flows.service import Flows
from svc_ingest.settings import IngestSettings
from svc_ingest.statistics import endpoints as statistics_endpoints
from svc_ingest.uploads import endpoints as uploads_endpoints
from svc_ingest.uploads.service import Uploads
from svc_ingest.versions import endpoints as versions_endpoints
from svc_ingest.versions.service import Versions
from svc_ingest.worker import runtime


def create_app(settings: IngestSettings) -> FastAPI:
    """Where data lands, and where its journey is told."""
    parts = runtime(settings)
    flows, datasets = Flows(), Datasets()
    versions = Versions(parts, datasets=datasets, flows=flows)
    uploads = Uploads(parts, settings=settings, versions=versions)
    tailer = FlowTailer(changed_flows(parts.database))
    return create_service_app(
        parts,
        title="svc-ingest",
        routers=[
            datasets_endpoints.router,
            versions_endpoints.router,
            files_endpoints.router,
            uploads_endpoints.router,
            flows_endpoints.router,
            statistics_endpoints.router,
        ],
        handlers={
            DATASET_VERSION_DERIVED.name: versions.on_derived,
            JOB_CHANGED.name: flows.on_job_changed,
            TABLE_PUBLISHED.name: flows.on_table_published,
            JUDGEMENTS_REQUESTED.name: flows.on_judgements_requested,
            QUALITY_JUDGED.name: flows.on_quality_judged,
            TRAINING_DECIDED.name: flows.on_training_decided,
            TRAINING_FINISHED.name: flows.on_training_finished,
            REPORT_PUBLISHED.name: flows.on_report_published,
            BUILDS_REQUESTED.name: flows.on_builds_requested,
            KNOWLEDGE_BASE_BUILT.name: flows.on_knowledge_base_built,
        },
        services={
            Datasets: datasets,
            Versions: versions,
            Uploads: uploads,
            Flows: flows,
            FlowTailer: tailer,
        },
        tailers=[tailer],
    )
