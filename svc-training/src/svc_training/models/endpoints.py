"""`/v1/models`: what was learned, who is champion, and why."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from shared_lib.contracts.base import Page
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.models import (
    Alias,
    AliasMove,
    AliasSet,
    ModelVersionView,
    ModelView,
    Rollback,
)
from shared_lib.contracts.scopes import Scope
from shared_lib.db.engine import WriteUnit
from shared_lib.web import Once, PageQuery, page_of, requires
from shared_lib.web.state import service_of, state_of
from svc_training.models.repository import ModelRepository
from svc_training.models.service import Models
from svc_training.models.views import read_model, read_version, view_model, view_move, view_version
from svc_training.training_jobs.endpoints import download_artifact

router = APIRouter(prefix="/v1/models", tags=["models"])

Reader = Annotated[Caller, Depends(requires(Scope.TRAINING_READ))]
Writer = Annotated[Caller, Depends(requires(Scope.TRAINING_WRITE))]


def _models(request: Request) -> Models:
    models: Models = service_of(request, Models)
    return models


Service = Annotated[Models, Depends(_models)]


@router.get("")
def list_models(request: Request, *, caller: Reader, page: PageQuery) -> Page[ModelView]:
    """Your models, newest first."""
    with state_of(request).runtime.database.read() as view:
        found = ModelRepository(view).page(
            tenant=caller.tenant, limit=page.limit, cursor=page.cursor
        )
        return page_of(found, view_model)


@router.get("/{model}")
def read_one(request: Request, *, model: str, caller: Reader) -> ModelView:
    """One model: how many versions, who is champion and challenger."""
    with state_of(request).runtime.database.read() as view:
        return view_model(read_model(view, model, tenant=caller.tenant))


@router.get("/{model}/versions")
def list_versions(
    request: Request, *, model: str, caller: Reader, page: PageQuery
) -> Page[ModelVersionView]:
    """Its versions, newest first."""
    with state_of(request).runtime.database.read() as view:
        found = read_model(view, model, tenant=caller.tenant)
        rows = ModelRepository(view).versions(found.id, limit=page.limit, cursor=page.cursor)
        return page_of(rows, lambda row: view_version(view, row))


@router.get("/{model}/versions/{version}")
def read_model_version(
    request: Request, *, model: str, version: str, caller: Reader
) -> ModelVersionView:
    """A version by its number, or `champion`, or `challenger`, with all it came from."""
    with state_of(request).runtime.database.read() as view:
        return view_version(view, read_version(view, model, version, tenant=caller.tenant))


@router.get("/{model}/versions/{version}/artifacts/{name:path}", response_class=Response)
def download_model(
    request: Request, *, model: str, version: str, name: str, caller: Reader
) -> Response:
    """A file of a version, with its digest."""
    with state_of(request).runtime.database.read() as view:
        row = read_version(view, model, version, tenant=caller.tenant)
    return download_artifact(request, training_job_id=row.training_job_id, name=name, caller=caller)


@router.get("/{model}/moves")
def list_moves(request: Request, *, model: str, caller: Reader, page: PageQuery) -> Page[AliasMove]:
    """How the aliases moved and why, newest first."""
    with state_of(request).runtime.database.read() as view:
        found = read_model(view, model, tenant=caller.tenant)
        moves = ModelRepository(view).page_of_moves(found.id, limit=page.limit, cursor=page.cursor)
        return page_of(moves, view_move)


@router.put("/{model}/aliases/{alias}", response_model=ModelView)
def set_alias(
    *, model: str, alias: Alias, body: AliasSet, caller: Writer, models: Service, once: Once
) -> Response:
    """Have an alias name a version, with a reason that is kept."""

    def change(unit: WriteUnit) -> ModelView:
        models.set_alias(
            unit,
            model,
            tenant=caller.tenant,
            subject=caller.subject,
            alias=alias,
            version=body.version,
            reason=body.reason,
        )
        return view_model(read_model(unit, model, tenant=caller.tenant))

    return once.run(change)


@router.post("/{model}/rollback", response_model=ModelView)
def roll_back(model: str, body: Rollback, caller: Writer, models: Service, once: Once) -> Response:
    """The champion of before is champion again, at once, with a reason that is kept."""

    def change(unit: WriteUnit) -> ModelView:
        models.roll_back(
            unit, model, tenant=caller.tenant, subject=caller.subject, reason=body.reason
        )
        return view_model(read_model(unit, model, tenant=caller.tenant))

    return once.run(change)
