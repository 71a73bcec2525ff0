"""`/v1/pipelines`: what can be trained."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from shared_lib.contracts.base import Page
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.contracts.training import PipelineView
from shared_lib.web import PageQuery, requires
from shared_lib.web.state import service_of
from svc_training.pipelines.service import Pipelines

router = APIRouter(prefix="/v1/pipelines", tags=["pipelines"])

Reader = Annotated[Caller, Depends(requires(Scope.TRAINING_READ))]


def _pipelines(request: Request) -> Pipelines:
    pipelines: Pipelines = service_of(request, Pipelines)
    return pipelines


Service = Annotated[Pipelines, Depends(_pipelines)]


@router.get("")
def list_pipelines(
    caller: Reader,  # noqa: ARG001
    pipelines: Service,
    page: PageQuery,
) -> Page[PipelineView]:
    """The pipelines of the repository, by name."""
    found = pipelines.page(limit=page.limit, cursor=page.cursor)
    return Page(items=found.rows, next=found.next)


@router.get("/{name:path}")
def read_pipeline(name: str, caller: Reader, pipelines: Service) -> PipelineView:  # noqa: ARG001
    """One pipeline: its stages, its params, and what in it would train anew without need."""
    return pipelines.read(name)
