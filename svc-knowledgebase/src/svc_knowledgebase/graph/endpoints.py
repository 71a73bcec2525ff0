"""Below `/v1/knowledge-bases/{base}/graph`: overview, exports, questions."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from shared_lib.contracts.graphs import GraphAnswer, GraphFormat, GraphQuery, GraphView
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.web import requires
from shared_lib.web.downloads import send_object
from shared_lib.web.state import service_of, state_of
from shared_lib.web.waiting import wait_for
from svc_knowledgebase.graph.files import DATABASE, OVERVIEW
from svc_knowledgebase.graph.service import Graphs, Wanted, export_name

router = APIRouter(prefix="/v1/knowledge-bases/{base}/graph", tags=["knowledge bases"])

Reader = Annotated[Caller, Depends(requires(Scope.KNOWLEDGE_READ))]

PATIENCE_S = 20.0
"""How long an answer waits for what is being made."""

_MEDIA_TYPES = {
    "neo4j-csv": "application/zip",
    "neo4j-parquet": "application/zip",
    "cypher": "text/plain; charset=utf-8",
    "graphml": "application/graphml+xml",
    "json": "application/json",
}


def _graphs(request: Request) -> Graphs:
    graphs: Graphs = service_of(request, Graphs)
    return graphs


Service = Annotated[Graphs, Depends(_graphs)]


async def _made(
    request: Request, graphs: Graphs, base: str, *, caller: Caller, form: str
) -> Wanted:
    """The file, waited for while a job makes it; the wait needs no thread."""

    def want() -> Wanted:
        return graphs.want(base, tenant=caller.tenant, form=form)

    wanted = await to_thread.run_sync(want)
    if wanted.stored is None:
        await wait_for(
            lambda: graphs.ended(wanted.job_id),
            tailer=state_of(request).job_tailer,
            key=wanted.job_id,
            until=bool,
            wait_s=PATIENCE_S,
        )
    return await to_thread.run_sync(lambda: graphs.made(base, tenant=caller.tenant, form=form))


@router.get("")
async def read_graph(request: Request, base: str, caller: Reader, graphs: Service) -> GraphView:
    """The largest folders, and the terms, clusters and categories of what is in them.

    Made from the records when first asked for; 503 with `Retry-After` while it takes longer.
    """
    wanted = await _made(request, graphs, base, caller=caller, form=OVERVIEW)
    return await to_thread.run_sync(lambda: graphs.view(base, wanted, tenant=caller.tenant))


@router.get("/export", response_class=Response)
async def export_graph(
    request: Request,
    *,
    base: str,
    caller: Reader,
    graphs: Service,
    form: Annotated[GraphFormat, Query(alias="format", description="What loads it.")],
) -> Response:
    """The whole graph for other tools; the two for `neo4j-admin` are archives of files.

    Made from the records when first asked for; 503 with `Retry-After` while it takes longer.
    """
    wanted = await _made(request, graphs, base, caller=caller, form=form)
    assert wanted.stored is not None  # noqa: S101 - it was made
    return send_object(
        request,
        store=state_of(request).runtime.store,
        key=wanted.stored.object_key,
        size=wanted.stored.bytes,
        sha256=wanted.stored.sha256,
        filename=export_name(base, form),
        media_type=_MEDIA_TYPES[form],
    )


@router.post("/query")
async def query_graph(
    request: Request, *, base: str, body: GraphQuery, caller: Reader, graphs: Service
) -> GraphAnswer:
    """Answer one Cypher query that reads; bounded in time, memory and rows."""
    wanted = await _made(request, graphs, base, caller=caller, form=DATABASE)
    return await to_thread.run_sync(lambda: graphs.answer(wanted, body))
