"""`/v1/uploads`: a file as the raw body of a PUT."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from shared_lib.contracts.catalog import DatasetName, UploadView
from shared_lib.contracts.conversions import ConversionOptions
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.db.collisions import again_after_collision
from shared_lib.storage import StoredObject
from shared_lib.web import requires
from shared_lib.web.once import REPLAYED_HEADER, OnceRunner
from shared_lib.web.state import service_of, state_of
from svc_ingest.uploads.errors import (
    InvalidOptionsError,
    OptionsWithoutDatasetError,
    UploadNotFoundError,
)
from svc_ingest.uploads.models import UploadRow
from svc_ingest.uploads.once import UploadOnce
from svc_ingest.uploads.paths import announced_sha256
from svc_ingest.uploads.repository import UploadRepository
from svc_ingest.uploads.service import Uploads, view_upload

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])

Reader = Annotated[Caller, Depends(requires(Scope.DATASETS_READ))]
Writer = Annotated[Caller, Depends(requires(Scope.DATASETS_WRITE))]


def _uploads(request: Request) -> Uploads:
    uploads: Uploads = service_of(request, Uploads)
    return uploads


Service = Annotated[Uploads, Depends(_uploads)]


@router.put("/{path:path}", status_code=201, response_model=UploadView)
async def put_upload(
    request: Request,
    *,
    path: str,
    caller: Writer,
    uploads: Service,
    once: UploadOnce,
    dataset: Annotated[
        DatasetName | None, Query(description="Land the file as its next version.")
    ] = None,
    options: Annotated[
        str | None, Query(description="ConversionOptions as JSON, when landing.")
    ] = None,
    content_digest: Annotated[
        str | None, Header(description="`sha-256=:BASE64:` (RFC 9530); checked.")
    ] = None,
    content_length: Annotated[int | None, Header()] = None,
) -> Response:
    """Receive a file; with `dataset` it lands at once and its flow begins."""
    if options is not None and dataset is None:
        raise OptionsWithoutDatasetError(
            "`options` say how a landed file is converted. Give `dataset` too, or send them when "
            "the upload lands.",
            field="options",
        )
    chosen = _read_options(options)
    expected = announced_sha256(content_digest)
    replay = await to_thread.run_sync(once.replay)
    if replay is not None:
        return replay
    upload = await to_thread.run_sync(
        lambda: uploads.begin(tenant=caller.tenant, path=path, announced_bytes=content_length)
    )
    stored = await uploads.receive(
        upload, request.stream(), announced_bytes=content_length, announced_sha256=expected
    )
    return await to_thread.run_sync(
        lambda: _finish(
            uploads, once, upload=upload, stored=stored, dataset=dataset, options=chosen
        )
    )


def _finish(
    uploads: Uploads,
    once: OnceRunner,
    *,
    upload: UploadRow,
    stored: StoredObject,
    dataset: str | None,
    options: ConversionOptions,
) -> Response:
    def finish() -> Response:
        return once.run(
            lambda unit: uploads.finish(
                unit, upload, stored=stored, dataset=dataset, options=options
            ),
            location=lambda done: f"/v1/uploads/{done.id}",
        )

    try:
        answer = again_after_collision(finish)
    except Exception:
        # Whatever it was, the bytes are of no use to anybody: the client sends them again.
        uploads.abort(upload)
        raise
    if REPLAYED_HEADER in answer.headers:
        # The same request, sent twice at once, ended first: these bytes are one copy too many.
        uploads.abort(upload)
    return answer


@router.get("/{upload_id}")
def read_upload(request: Request, upload_id: str, caller: Reader) -> UploadView:
    """An upload."""
    with state_of(request).runtime.database.read() as view:
        row = UploadRepository(view).find(upload_id, tenant=caller.tenant)
        if row is None:
            raise UploadNotFoundError(f"There is no upload {upload_id}.")
        return view_upload(row)


def _read_options(options: str | None) -> ConversionOptions:
    if options is None:
        return ConversionOptions()
    try:
        return ConversionOptions.model_validate_json(options)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "options"
        raise InvalidOptionsError(
            f"`options`: {field}: {first['msg']}. /docs lists the conversion options.", field=field
        ) from error
