"""`/v1/tables/{id}/query` and `…/rows`: what is in a table."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response, StreamingResponse

from shared_lib.contracts.identity import Caller
from shared_lib.contracts.queries import QueryAnswer, QueryCreate, RowPage
from shared_lib.contracts.scopes import Scope
from shared_lib.web import requires
from shared_lib.web.state import service_of, state_of
from svc_parquet.queries.forms import Form, accepted
from svc_parquet.queries.service import Queries, read_filter
from svc_parquet.tables.errors import NotAcceptableError
from svc_parquet.tables.service import Tables

router = APIRouter(prefix="/v1/tables", tags=["queries"])

Reader = Annotated[Caller, Depends(requires(Scope.TABLES_READ))]

TRUNCATED_HEADER = "Fleet-Truncated"
ROWS_HEADER = "Fleet-Rows"


def _queries(request: Request) -> Queries:
    queries: Queries = service_of(request, Queries)
    return queries


Service = Annotated[Queries, Depends(_queries)]


@router.post(
    "/{table_id}/query",
    response_class=Response,
    responses={200: {"model": QueryAnswer, "description": "In the form that `Accept` names."}},
)
def query_table(
    request: Request,
    *,
    table_id: str,
    body: QueryCreate,
    caller: Reader,
    queries: Service,
    accept: Annotated[str, Header()] = Form.JSON.value,
) -> Response:
    """Answer one SELECT over the table, called `data`: as JSON, NDJSON, CSV, Parquet or Arrow."""
    form = accepted(accept)
    if form is None:
        offered = ", ".join(each.value for each in Form)
        raise NotAcceptableError(f"An answer is given as one of: {offered}.", field="Accept")
    tables: Tables = service_of(request, Tables)
    with state_of(request).runtime.database.read() as view:
        _, version = tables.version(view, table_id, tenant=caller.tenant, number=body.version)
        source = queries.source(view, version)
    header, pieces = queries.query(source, body, form=form)
    return StreamingResponse(
        pieces,
        media_type=form.value,
        headers={
            ROWS_HEADER: str(header["rows"]),
            TRUNCATED_HEADER: str(header["truncated"]).lower(),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


@router.get("/{table_id}/rows")
def list_rows(
    request: Request,
    *,
    table_id: str,
    caller: Reader,
    queries: Service,
    version: Annotated[int | None, Query(ge=1, description="Left out: the newest.")] = None,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    column: Annotated[
        list[str], Query(description="Show this one; again for each. Left out: all.")
    ] = [],  # noqa: B006 - FastAPI copies it
    sort: Annotated[
        str | None, Query(description="A column; with `-` before it the greatest first.")
    ] = None,
    filter: Annotated[  # noqa: A002 - the name in the address
        list[str], Query(description="`column:operation:value`, such as `amount:gt:5`; again.")
    ] = [],  # noqa: B006 - FastAPI copies it
) -> RowPage:
    """Rows from any place, filtered and sorted; as fast at the end as at the beginning."""
    tables: Tables = service_of(request, Tables)
    with state_of(request).runtime.database.read() as view:
        _, row = tables.version(view, table_id, tenant=caller.tenant, number=version)
        source = queries.source(view, row)
    known = {each.name for each in source.columns}
    descending = sort is not None and sort.startswith("-") and sort not in known
    return queries.page(
        source,
        offset=offset,
        limit=limit,
        columns=column,
        sort=sort[1:] if sort is not None and descending else sort,
        descending=descending,
        filters=[read_filter(word) for word in filter],
    )
