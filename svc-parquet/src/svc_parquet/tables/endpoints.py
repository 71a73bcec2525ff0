"""`/v1/tables`: what was converted, and its bytes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response

from shared_lib.contracts.base import Page, UtcTime
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.contracts.tables import (
    TablePreview,
    TableProfileView,
    TableVersionView,
    TableView,
)
from shared_lib.web import PageQuery, page_of, requires
from shared_lib.web.downloads import send_object
from shared_lib.web.state import service_of, state_of
from svc_parquet.tables.errors import NotAcceptableError
from svc_parquet.tables.service import Tables, view_version

router = APIRouter(prefix="/v1/tables", tags=["tables"])

Reader = Annotated[Caller, Depends(requires(Scope.TABLES_READ))]
Number = Annotated[int | None, Query(ge=1, description="Left out: the newest version.")]

PARQUET = "application/vnd.apache.parquet"
NDJSON = "application/x-ndjson"
ANY = ("*/*", "application/*", "application/octet-stream", PARQUET)


def _tables(request: Request) -> Tables:
    tables: Tables = service_of(request, Tables)
    return tables


Service = Annotated[Tables, Depends(_tables)]


@router.get("")
def list_tables(
    request: Request,
    *,
    caller: Reader,
    tables: Service,
    page: PageQuery,
    dataset: Annotated[str | None, Query(description="Name or id of a dataset.")] = None,
) -> Page[TableView]:
    """Your tables, newest first."""
    with state_of(request).runtime.database.read() as view:
        found = tables.page(
            view, tenant=caller.tenant, limit=page.limit, cursor=page.cursor, dataset=dataset
        )
    return Page(items=found.rows, next=found.next)


@router.get("/{table_id}")
def read_table(request: Request, *, table_id: str, caller: Reader, tables: Service) -> TableView:
    """One table and its newest version."""
    with state_of(request).runtime.database.read() as view:
        return tables.read(view, table_id, tenant=caller.tenant)


@router.get("/{table_id}/versions")
def list_versions(
    request: Request,
    *,
    table_id: str,
    caller: Reader,
    tables: Service,
    page: PageQuery,
    as_of: Annotated[
        UtcTime | None,
        Query(description="Those that were there then; the first of them was the newest."),
    ] = None,
) -> Page[TableVersionView]:
    """The versions of a table, newest first."""
    with state_of(request).runtime.database.read() as view:
        found = tables.versions(
            view,
            table_id,
            tenant=caller.tenant,
            limit=page.limit,
            cursor=page.cursor,
            as_of=as_of,
        )
        return page_of(found, view_version)


@router.get("/{table_id}/preview")
def preview_table(
    request: Request,
    *,
    table_id: str,
    caller: Reader,
    tables: Service,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    version: Number = None,
) -> TablePreview:
    """The first rows; values that JSON cannot hold exactly are given as text."""
    with state_of(request).runtime.database.read() as view:
        _, row = tables.version(view, table_id, tenant=caller.tenant, number=version)
        return tables.preview(view, version=row, limit=limit)


@router.get("/{table_id}/profile")
def profile_table(
    request: Request, *, table_id: str, caller: Reader, tables: Service, version: Number = None
) -> TableProfileView:
    """Statistics of every column, and why each has its type."""
    with state_of(request).runtime.database.read() as view:
        _, row = tables.version(view, table_id, tenant=caller.tenant, number=version)
        return tables.profile(view, version=row)


@router.get("/{table_id}/download", response_class=Response)
def download_table(
    request: Request,
    *,
    table_id: str,
    caller: Reader,
    tables: Service,
    version: Number = None,
    part: Annotated[
        int | None, Query(ge=0, description="Which of several Parquet files; the first is 0.")
    ] = None,
    accept: Annotated[str, Header()] = PARQUET,
) -> Response:
    """The version (or one part of it) as Parquet, with ranges and a digest."""
    if not any(offer.split(";")[0].strip() in ANY for offer in accept.split(",")):
        raise NotAcceptableError(
            f"A table is downloaded as {PARQUET}; ask for that, or leave `Accept` out.",
            field="Accept",
        )
    runtime = state_of(request).runtime
    with runtime.database.read() as view:
        table, row = tables.version(view, table_id, tenant=caller.tenant, number=version)
        found = tables.part(view, version=row, number=part)
    suffix = "" if part is None else f".part-{part:05}"
    return send_object(
        request,
        store=runtime.store,
        key=found.object_key,
        size=found.bytes,
        sha256=found.sha256,
        filename=f"{table.name.replace('/', '_')}.v{row.number}{suffix}.parquet",
        media_type=PARQUET,
    )


@router.get("/{table_id}/quarantine", response_class=Response)
def download_quarantine(
    request: Request, *, table_id: str, caller: Reader, tables: Service, version: Number = None
) -> Response:
    """The rows that were set aside, one JSON object a line: place, reason and raw bytes."""
    runtime = state_of(request).runtime
    with runtime.database.read() as view:
        table, row = tables.version(view, table_id, tenant=caller.tenant, number=version)
        found = tables.quarantine(view, version=row)
    return send_object(
        request,
        store=runtime.store,
        key=found.object_key,
        size=found.bytes,
        sha256=found.sha256,
        filename=f"{table.name.replace('/', '_')}.v{row.number}.quarantine.jsonl",
        media_type=NDJSON,
    )
