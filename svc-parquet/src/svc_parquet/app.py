"""The app of svc-parquet."""

from fastapi import FastAPI

from shared_lib.contracts.events import DATASET_VERSION_LANDED
from shared_lib.web import create_service_app
from svc_parquet.conversions import endpoints as conversions_endpoints
from svc_parquet.conversions.previewing import Previews
from svc_parquet.conversions.service import Conversions
from svc_parquet.queries import endpoints as queries_endpoints
from svc_parquet.queries.service import Queries
from svc_parquet.savings import endpoints as savings_endpoints
from svc_parquet.savings.service import SavingsService
from svc_parquet.settings import ParquetSettings
from svc_parquet.tables import endpoints as tables_endpoints
from svc_parquet.tables.service import Tables
from svc_parquet.task_datasets import endpoints as task_datasets_endpoints
from svc_parquet.task_datasets.service import TaskDatasets
from svc_parquet.versions import endpoints as versions_endpoints
from svc_parquet.versions.differences import Differences
from svc_parquet.versions.service import TableChanges
from svc_parquet.worker import runtime


def create_app(settings: ParquetSettings) -> FastAPI:
    """Files in, typed tables out."""
    parts = runtime(settings)
    tables = Tables(parts)
    conversions = Conversions(parts, tables=tables)
    queries = Queries(parts, tables=tables, settings=settings.queries)
    return create_service_app(
        parts,
        title="svc-parquet",
        routers=[
            conversions_endpoints.router,
            tables_endpoints.router,
            queries_endpoints.router,
            task_datasets_endpoints.router,
            savings_endpoints.router,
            versions_endpoints.router,
        ],
        handlers={DATASET_VERSION_LANDED.name: conversions.on_landed},
        services={
            Tables: tables,
            Conversions: conversions,
            Previews: Previews(parts),
            Queries: queries,
            TableChanges: TableChanges(parts, tables=tables),
            Differences: Differences(parts, tables=tables, queries=queries),
            SavingsService: SavingsService(parts, queries=queries),
            TaskDatasets: TaskDatasets(parts, tables=tables),
        },
        closers=[queries.close],
    )
