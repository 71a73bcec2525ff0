"""`/v1/datasets`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from shared_lib.contracts.base import Page
from shared_lib.contracts.catalog import DatasetCreate, DatasetView
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.web import Once, PageQuery, requires
from shared_lib.web.state import service_of, state_of
from svc_ingest.datasets.service import Datasets

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])

Reader = Annotated[Caller, Depends(requires(Scope.DATASETS_READ))]
Writer = Annotated[Caller, Depends(requires(Scope.DATASETS_WRITE))]


def _datasets(request: Request) -> Datasets:
    datasets: Datasets = service_of(request, Datasets)
    return datasets


Service = Annotated[Datasets, Depends(_datasets)]


@router.post("", status_code=201, response_model=DatasetView)
def create_dataset(body: DatasetCreate, caller: Writer, datasets: Service, once: Once) -> Response:
    """Make an empty dataset; pushing to a name that does not exist makes one too."""
    return once.run(
        lambda unit: datasets.create(unit, tenant=caller.tenant, body=body),
        location=lambda made: f"/v1/datasets/{made.id}",
    )


@router.get("")
def list_datasets(
    request: Request,
    *,
    caller: Reader,
    datasets: Service,
    page: PageQuery,
    name: Annotated[
        str | None, Query(max_length=100, description="Only names that contain this.")
    ] = None,
) -> Page[DatasetView]:
    """Your datasets, newest first."""
    with state_of(request).runtime.database.read() as view:
        found = datasets.page(
            view, tenant=caller.tenant, limit=page.limit, cursor=page.cursor, name=name
        )
    return Page(items=found.rows, next=found.next)


@router.get("/{dataset}")
def read_dataset(request: Request, dataset: str, caller: Reader, datasets: Service) -> DatasetView:
    """A dataset by name or id."""
    with state_of(request).runtime.database.read() as view:
        return datasets.view(view, datasets.find(view, dataset, tenant=caller.tenant))
