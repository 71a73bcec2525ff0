"""`/v1/statistics`: what has landed."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.catalog import Statistics
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.web import requires
from shared_lib.web.state import state_of
from svc_ingest.datasets.models import DatasetRow
from svc_ingest.files.models import BlobRow, FileRow
from svc_ingest.flows.models import PublishedTableRow
from svc_ingest.statistics.repository import StatisticsRepository
from svc_ingest.versions.models import VersionRow

router = APIRouter(tags=["statistics"])

Reader = Annotated[Caller, Depends(requires(Scope.DATASETS_READ))]

DAYS = 30


@router.get("/v1/statistics")
def read_statistics(request: Request, caller: Reader) -> Statistics:
    """Exact totals of your tenant; by day, for 30 days with today, and by format."""
    now = utc_now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    first_day = midnight - timedelta(days=DAYS - 1)
    with state_of(request).runtime.database.read() as view:
        totals = StatisticsRepository(view, tenant=caller.tenant)
        return Statistics(
            as_of=now,
            datasets=totals.count(DatasetRow),
            versions=totals.count(VersionRow),
            files=totals.count(FileRow),
            bytes_landed=totals.total(FileRow.bytes),
            bytes_stored=totals.total(BlobRow.bytes),
            bytes_as_tables=totals.total(PublishedTableRow.bytes_out),
            rows_published=totals.total(PublishedTableRow.rows),
            by_day=totals.by_day(since=first_day),
            by_format=totals.by_format(),
        )
