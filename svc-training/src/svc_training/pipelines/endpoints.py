"""`/v1/pipelines`: what can be trained."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from shared_lib.contracts.base import Page
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.contracts.training import PipelineView
from shared_lib.web import requires
from shared_lib.web.state import service_of
from svc_training.pipelines.service import Pipelines

router = APIRouter(prefix="/v1/pipelines", tags=["pipelines"])

Reader = Annotated[Caller, Depends(requires(Scope.TRAINING_READ))]


def _pipelines(request: Request) -> Pipelines:
    pipelines: Pipelines = service_of(request, Pipelines)
    return pipelines


Service = Annotated[Pipelines, Depends(_pipelines)]


@router.get("")
def list_pipelines(caller: Reader, pipelines: Service) -> Page[PipelineView]:  # noqa: ARG001
    """The pipelines of the repository, by name; all on one page."""
    return Page(items=pipelines.read_all())


@router.get("/{name:path}")
def read_pipeline(name: str, caller: Reader, pipelines: Service) -> PipelineView:  # noqa: ARG001
    """One pipeline: its stages, its params, and what in it would train anew without need."""
    return pipelines.read(name)
