"""`/v1/files`: landed bytes, exactly as they came."""

from pathlib import PurePosixPath
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from shared_lib.contracts.catalog import FileView
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.db.engine import ReadView
from shared_lib.storage.errors import ObjectMissingError
from shared_lib.web import requires
from shared_lib.web.downloads import send_object
from shared_lib.web.state import state_of
from svc_ingest.files.errors import FileNotFoundInCatalogError
from svc_ingest.files.models import FileRow
from svc_ingest.files.repository import FileRepository
from svc_ingest.versions.views import view_file

router = APIRouter(prefix="/v1/files", tags=["files"])

Reader = Annotated[Caller, Depends(requires(Scope.DATASETS_READ))]


def _find(view: ReadView, file_id: str, *, tenant: str) -> FileRow:
    row = FileRepository(view).find(file_id, tenant=tenant)
    if row is None:
        raise FileNotFoundInCatalogError(
            f"There is no file {file_id}. `fleet dataset show NAME` lists files."
        )
    return row


@router.get("/{file_id}")
def read_file(request: Request, file_id: str, caller: Reader) -> FileView:
    """A landed file."""
    with state_of(request).runtime.database.read() as view:
        return view_file(_find(view, file_id, tenant=caller.tenant))


@router.get("/{file_id}/content", response_class=Response)
def download_file(request: Request, file_id: str, caller: Reader) -> Response:
    """The file's bytes, with ranges and a digest."""
    runtime = state_of(request).runtime
    with runtime.database.read() as view:
        row = _find(view, file_id, tenant=caller.tenant)
        blob = FileRepository(view).blob(row.sha256, tenant=caller.tenant)
        if blob is None:
            raise ObjectMissingError(f"The content of {row.path} is not in the catalog any more.")
        key = blob.object_key
    return send_object(
        request,
        store=runtime.store,
        key=key,
        size=row.bytes,
        sha256=row.sha256,
        filename=PurePosixPath(row.path).name,
    )
