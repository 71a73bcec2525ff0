"""`/v1/triggers`: when to train, and why it was or was not."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from shared_lib.contracts.base import Page
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.contracts.training import DecisionView, TriggerCreate, TriggerView
from shared_lib.db.engine import WriteUnit
from shared_lib.web import Once, PageQuery, page_of, requires
from shared_lib.web.state import service_of, state_of
from svc_training.pipelines.endpoints import Service as PipelinesService
from svc_training.reports.endpoints import GitHubSet
from svc_training.reports.service import check_pull_request
from svc_training.triggers.models import DecisionRow, TriggerRow
from svc_training.triggers.repository import DecisionRepository, TriggerRepository
from svc_training.triggers.service import Triggers
from svc_training.triggers.views import view_decision, view_trigger
from svc_training.workspaces.definition import apply_params

router = APIRouter(prefix="/v1/triggers", tags=["triggers"])

Reader = Annotated[Caller, Depends(requires(Scope.TRAINING_READ))]
Writer = Annotated[Caller, Depends(requires(Scope.TRAINING_WRITE))]


def _triggers(request: Request) -> Triggers:
    triggers: Triggers = service_of(request, Triggers)
    return triggers


Service = Annotated[Triggers, Depends(_triggers)]


@router.post("", status_code=201, response_model=TriggerView)
def create_trigger(
    *,
    body: TriggerCreate,
    caller: Writer,
    github: GitHubSet,
    pipelines: PipelinesService,
    triggers: Service,
    once: Once,
) -> Response:
    """Train a pipeline when a version of a dataset passes the gate, by the clock, or both."""
    replayed = once.replay()
    if replayed is not None:
        return replayed
    pipeline = pipelines.read(body.pipeline)
    apply_params(pipeline.name, given=pipeline.params, changes=body.params)
    check_pull_request(body.pull_request, settings=github)
    return once.run(
        lambda unit: view_trigger(triggers.create(unit, tenant=caller.tenant, body=body))
    )


@router.get("")
def list_triggers(request: Request, *, caller: Reader, page: PageQuery) -> Page[TriggerView]:
    """Your triggers, newest first."""
    with state_of(request).runtime.database.read() as view:
        found = TriggerRepository(view).page(
            tenant=caller.tenant,
            limit=page.limit,
            cursor=page.cursor,
            where=(TriggerRow.deleted_at.is_(None),),
        )
        return page_of(found, view_trigger)


@router.post("/{trigger_id}/decisions", status_code=201, response_model=Page[DecisionView])
def ask_trigger(*, trigger_id: str, caller: Writer, triggers: Service, once: Once) -> Response:
    """Train now on the newest judged version of each of its tables, unless the gate failed."""

    def asked(unit: WriteUnit) -> Page[DecisionView]:
        made = triggers.ask(unit, trigger_id, tenant=caller.tenant)
        return Page(items=[view_decision(unit, row) for row in made])

    return once.run(asked)


@router.delete("/{trigger_id}")
def delete_trigger(
    request: Request, *, trigger_id: str, caller: Writer, triggers: Service
) -> TriggerView:
    """Ask it no more; what it decided stays readable."""
    with state_of(request).runtime.database.write() as unit:
        return view_trigger(triggers.delete(unit, trigger_id, tenant=caller.tenant))


@router.get("/decisions")
def list_decisions(
    request: Request,
    *,
    caller: Reader,
    page: PageQuery,
    table_version: Annotated[str | None, Query(description="Id of a table version.")] = None,
) -> Page[DecisionView]:
    """What your triggers decided, newest first: to train or not, by which rule and numbers."""
    where = (DecisionRow.table_version_id == table_version,) if table_version else ()
    with state_of(request).runtime.database.read() as view:
        found = DecisionRepository(view).page(
            tenant=caller.tenant, limit=page.limit, cursor=page.cursor, where=where
        )
        return page_of(found, lambda row: view_decision(view, row))
