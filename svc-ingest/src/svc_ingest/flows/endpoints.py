"""`/v1/flows`, and the list of all jobs at `/v1/jobs`."""

from collections.abc import AsyncGenerator
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response

from shared_lib.contracts.base import Page
from shared_lib.contracts.catalog import FlowCreate, FlowState, FlowSummary, FlowView
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.jobs import JobState, JobSummary
from shared_lib.contracts.scopes import Scope
from shared_lib.contracts.services import ServiceName
from shared_lib.db.collisions import again_after_collision
from shared_lib.db.engine import Database, WriteUnit
from shared_lib.web import Once, PageQuery, page_of, requires
from shared_lib.web.sse import HEARTBEAT_S, ServerSentEvent, event_stream
from shared_lib.web.state import service_of, state_of
from shared_lib.web.tailer import Changed, Tailer
from shared_lib.web.waiting import changed_within, resumed_after, wait_for, wanted_wait
from svc_ingest.flows.models import JobJournalRow
from svc_ingest.flows.repository import FlowRepository, JobJournalRepository
from svc_ingest.flows.service import Flows, summarise_flow, summarise_job
from svc_ingest.uploads.service import Uploads

router = APIRouter(tags=["flows"])

FlowReader = Annotated[Caller, Depends(requires(Scope.FLOWS_READ))]
FlowWriter = Annotated[Caller, Depends(requires(Scope.DATASETS_WRITE))]
JobReader = Annotated[Caller, Depends(requires(Scope.JOBS_READ))]


class FlowTailer(Tailer):
    """The tailer of flows, apart from the one of jobs."""


def _flows(request: Request) -> Flows:
    flows: Flows = service_of(request, Flows)
    return flows


Service = Annotated[Flows, Depends(_flows)]


@router.get("/v1/flows")
def list_flows(
    request: Request,
    *,
    caller: FlowReader,
    flows: Service,
    page: PageQuery,
    dataset: Annotated[str | None, Query(description="Name or id of a dataset.")] = None,
    state: Annotated[FlowState | None, Query()] = None,
) -> Page[FlowSummary]:
    """Your flows, newest first."""
    with state_of(request).runtime.database.read() as view:
        found = flows.page(
            view,
            tenant=caller.tenant,
            limit=page.limit,
            cursor=page.cursor,
            dataset=dataset,
            state=state,
        )
        return page_of(found, summarise_flow)


@router.post("/v1/flows", status_code=201, response_model=FlowView)
def create_flow(
    request: Request, body: FlowCreate, caller: FlowWriter, flows: Service, once: Once
) -> Response:
    """Land received uploads, and have them judged and trained on: the whole journey in one call."""
    uploads: Uploads = service_of(request, Uploads)

    def land(unit: WriteUnit) -> FlowView:
        version = uploads.land(
            unit, tenant=caller.tenant, dataset=body.dataset, body=body, plan=body.plan
        )
        return flows.read(unit, version.flow_id, tenant=caller.tenant)[0]

    return again_after_collision(
        lambda: once.run(land, location=lambda flow: f"/v1/flows/{flow.id}")
    )


@router.get("/v1/flows/{flow_id}")
async def read_flow(
    request: Request,
    *,
    flow_id: str,
    caller: FlowReader,
    flows: Service,
    response: Response,
    prefer: Annotated[str | None, Header(description="`wait=30`: answer when it ends.")] = None,
) -> FlowView:
    """The whole journey. With `Prefer: wait=N` (RFC 7240) the answer comes when it ends."""
    read = _Read(request, flows, flow_id=flow_id, tenant=caller.tenant)
    wait_s = wanted_wait(prefer)
    if wait_s is None:
        return (await to_thread.run_sync(read))[0]
    response.headers["Preference-Applied"] = f"wait={wait_s:.0f}"
    tailer: FlowTailer = service_of(request, FlowTailer)
    flow, _ = await wait_for(
        read,
        tailer=tailer,
        key=flow_id,
        until=lambda found: found[0].state != FlowState.RUNNING,
        wait_s=wait_s,
    )
    return flow


@router.get("/v1/flows/{flow_id}/events")
async def stream_flow(
    request: Request,
    *,
    flow_id: str,
    caller: FlowReader,
    flows: Service,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """The journey as server-sent events `flow`, whole, whenever it changes; `end` is the last."""
    read = _Read(request, flows, flow_id=flow_id, tenant=caller.tenant)
    await to_thread.run_sync(read)
    tailer: FlowTailer = service_of(request, FlowTailer)
    return event_stream(_follow(read, tailer, flow_id=flow_id, seen=resumed_after(last_event_id)))


class _Read:
    """Reads one flow; blocks."""

    def __init__(self, request: Request, flows: Flows, *, flow_id: str, tenant: str) -> None:
        self._database, self._flows = state_of(request).runtime.database, flows
        self._flow_id, self._tenant = flow_id, tenant

    def __call__(self) -> tuple[FlowView, int]:
        with self._database.read() as view:
            return self._flows.read(view, self._flow_id, tenant=self._tenant)


async def _follow(
    read: _Read, tailer: Tailer, *, flow_id: str, seen: int
) -> AsyncGenerator[ServerSentEvent, None]:
    async with tailer.subscribe(flow_id) as changed:
        while True:
            changed.clear()
            flow, last = await to_thread.run_sync(read, limiter=tailer.readers)
            data = flow.model_dump(mode="json")
            if last > seen:
                seen = last
                yield ServerSentEvent(name="flow", data=data, id=str(last))
            if flow.state != FlowState.RUNNING:
                yield ServerSentEvent(name="end", data=data, id=str(last))
                return
            if tailer.closed:
                # The server goes down: the client comes back to another one, after `last`.
                return
            if not await changed_within(changed, HEARTBEAT_S):
                yield ServerSentEvent(name="")


@router.get("/v1/jobs")
def list_jobs(
    request: Request,
    *,
    caller: JobReader,
    page: PageQuery,
    state: Annotated[JobState | None, Query()] = None,
    service: Annotated[ServiceName | None, Query()] = None,
    flow: Annotated[str | None, Query(description="Id of a flow.")] = None,
    kind: Annotated[str | None, Query(description="Such as `convert`.")] = None,
) -> Page[JobSummary]:
    """The jobs of all services, newest first."""
    where = []
    if state is not None:
        where.append(JobJournalRow.state == state)
    if service is not None:
        where.append(JobJournalRow.service == service)
    if flow is not None:
        where.append(JobJournalRow.flow_id == flow)
    if kind is not None:
        where.append(JobJournalRow.kind == kind)
    with state_of(request).runtime.database.read() as view:
        found = JobJournalRepository(view).page(
            tenant=caller.tenant, limit=page.limit, cursor=page.cursor, where=tuple(where)
        )
        return page_of(found, summarise_job)


def changed_flows(database: Database) -> Changed:
    """For the tailer: which of the waited-for flows have a newer entry than at the last look."""
    known: dict[str, int] = {}

    def changed(keys: frozenset[str]) -> list[str]:
        nonlocal known
        with database.read() as view:
            now = FlowRepository(view).last_entries(keys)
        news = [key for key, entry in now.items() if known.get(key) != entry]
        known = now
        return news

    return changed
