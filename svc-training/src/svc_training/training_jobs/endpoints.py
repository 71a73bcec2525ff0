"""`/v1/training-jobs`: runs of pipelines and what they left."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from shared_lib.contracts.base import Page
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.contracts.training import TrainingJobCreate, TrainingJobView
from shared_lib.web import Once, PageQuery, requires
from shared_lib.web.downloads import send_object
from shared_lib.web.state import service_of, state_of
from svc_training.pipelines.endpoints import Service as PipelinesService
from svc_training.reports.endpoints import GitHubSet
from svc_training.reports.service import check_pull_request
from svc_training.tables.service import find_usable
from svc_training.training_jobs.service import TrainingJobs
from svc_training.training_jobs.views import (
    page_of_training_jobs,
    read_artifact,
    read_training_job,
    view_training_job,
)
from svc_training.workspaces.definition import apply_params

router = APIRouter(prefix="/v1/training-jobs", tags=["training jobs"])

Reader = Annotated[Caller, Depends(requires(Scope.TRAINING_READ))]
Writer = Annotated[Caller, Depends(requires(Scope.TRAINING_WRITE))]


def _training_jobs(request: Request) -> TrainingJobs:
    training_jobs: TrainingJobs = service_of(request, TrainingJobs)
    return training_jobs


@router.post("", status_code=202, response_model=TrainingJobView)
def create_training_job(
    *,
    body: TrainingJobCreate,
    caller: Writer,
    github: GitHubSet,
    pipelines: PipelinesService,
    training_jobs: Annotated[TrainingJobs, Depends(_training_jobs)],
    once: Once,
) -> Response:
    """Train a pipeline on a table version that the gate let pass; the job is at `Location`."""
    replayed = once.replay()
    if replayed is not None:
        return replayed
    pipeline = pipelines.read(body.pipeline)
    apply_params(pipeline.name, given=pipeline.params, changes=body.params)
    check_pull_request(body.pull_request, settings=github)
    asked_for = max(stage.gpus for stage in pipeline.stages)
    return once.run(
        lambda unit: view_training_job(
            unit,
            training_jobs.request(
                unit,
                pipeline=pipeline.name,
                version=find_usable(unit, body.table_version, tenant=caller.tenant),
                changes=body.params,
                gpus=body.resources.gpu if body.resources else asked_for,
                commit=pipeline.commit,
                pull_request=body.pull_request.model_dump() if body.pull_request else None,
            ),
        ),
        location=lambda answer: f"/v1/jobs/{answer.job_id}",
    )


@router.get("")
def list_training_jobs(
    request: Request,
    *,
    caller: Reader,
    page: PageQuery,
    pipeline: Annotated[str | None, Query(description="Name of a pipeline.")] = None,
) -> Page[TrainingJobView]:
    """Your training jobs, newest first."""
    with state_of(request).runtime.database.read() as view:
        found = page_of_training_jobs(
            view, tenant=caller.tenant, limit=page.limit, cursor=page.cursor, pipeline=pipeline
        )
    return Page(items=found.rows, next=found.next)


@router.get("/{training_job_id}")
def read_one(request: Request, *, training_job_id: str, caller: Reader) -> TrainingJobView:
    """One training job: what ran, what came from the cache, metrics, artifacts."""
    with state_of(request).runtime.database.read() as view:
        row = read_training_job(view, training_job_id, tenant=caller.tenant)
        return view_training_job(view, row)


@router.get("/{training_job_id}/artifacts/{name:path}", response_class=Response)
def download_artifact(
    request: Request, *, training_job_id: str, name: str, caller: Reader
) -> Response:
    """A file that the training job left, with its digest."""
    runtime = state_of(request).runtime
    with runtime.database.read() as view:
        found = read_artifact(view, training_job_id, tenant=caller.tenant, name=name)
    return send_object(
        request,
        store=runtime.store,
        key=found.object_key,
        size=found.bytes,
        sha256=found.sha256,
        filename=found.name.rpartition("/")[2],
        media_type="application/octet-stream",
    )
