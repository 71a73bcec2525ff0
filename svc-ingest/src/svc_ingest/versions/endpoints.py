"""`/v1/versions`, and the versions of a dataset."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from shared_lib.contracts.base import Page
from shared_lib.contracts.catalog import DatasetName, VersionCreate, VersionView
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.db.collisions import again_after_collision
from shared_lib.web import Once, PageQuery, requires
from shared_lib.web.state import service_of, state_of
from svc_ingest.uploads.service import Uploads
from svc_ingest.versions.service import Versions

router = APIRouter(tags=["versions"])

Reader = Annotated[Caller, Depends(requires(Scope.DATASETS_READ))]
Writer = Annotated[Caller, Depends(requires(Scope.DATASETS_WRITE))]


def _versions(request: Request) -> Versions:
    versions: Versions = service_of(request, Versions)
    return versions


Service = Annotated[Versions, Depends(_versions)]


@router.post("/v1/datasets/{dataset}/versions", status_code=201, response_model=VersionView)
def create_version(
    request: Request, dataset: DatasetName, body: VersionCreate, caller: Writer, once: Once
) -> Response:
    """Land received uploads as the dataset's next version; its flow begins."""
    uploads: Uploads = service_of(request, Uploads)
    return again_after_collision(
        lambda: once.run(
            lambda unit: uploads.land(unit, tenant=caller.tenant, dataset=dataset, body=body),
            location=lambda version: f"/v1/versions/{version.id}",
        )
    )


@router.get("/v1/datasets/{dataset}/versions")
def list_versions(
    request: Request, dataset: str, caller: Reader, versions: Service, page: PageQuery
) -> Page[VersionView]:
    """The versions of a dataset, newest first."""
    with state_of(request).runtime.database.read() as view:
        found = versions.page(
            view, dataset, tenant=caller.tenant, limit=page.limit, cursor=page.cursor
        )
    return Page(items=found.rows, next=found.next)


@router.get("/v1/versions/{version_id}")
def read_version(
    request: Request, version_id: str, caller: Reader, versions: Service
) -> VersionView:
    """A version and its files."""
    with state_of(request).runtime.database.read() as view:
        return versions.read(view, version_id, tenant=caller.tenant)
