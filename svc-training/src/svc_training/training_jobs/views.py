"""Training jobs as the API answers them."""

from shared_lib.contracts.errors import Problem
from shared_lib.contracts.jobs import JobState
from shared_lib.contracts.pull_requests import PullRequest
from shared_lib.contracts.training import ArtifactView, StageView, TrainingJobView
from shared_lib.db.engine import ReadView
from shared_lib.db.pages import KeysetPage
from shared_lib.jobs.workers import waits_for
from svc_training.requests import TRAIN, TRAIN_KIND
from svc_training.tables.models import TableVersionRow
from svc_training.training_jobs.errors import ArtifactNotFoundError, TrainingJobNotFoundError
from svc_training.training_jobs.models import ArtifactRow, TrainingJobRow
from svc_training.training_jobs.repository import TrainingJobRepository


def page_of_training_jobs(
    view: ReadView, *, tenant: str, limit: int, cursor: str | None, pipeline: str | None
) -> KeysetPage[TrainingJobView]:
    """The tenant's training jobs, newest first."""
    where = (TrainingJobRow.pipeline == pipeline,) if pipeline else ()
    page = TrainingJobRepository(view).page(tenant=tenant, limit=limit, cursor=cursor, where=where)
    return KeysetPage(rows=[view_training_job(view, row) for row in page.rows], next=page.next)


def read_training_job(view: ReadView, training_job_id: str, *, tenant: str) -> TrainingJobRow:
    """One training job.

    Raises:
        TrainingJobNotFoundError: no such training job in this tenant.
    """
    row = TrainingJobRepository(view).find(training_job_id, tenant=tenant)
    if row is None:
        raise TrainingJobNotFoundError(f"There is no training job {training_job_id}.")
    return row


def read_artifact(view: ReadView, training_job_id: str, *, tenant: str, name: str) -> ArtifactRow:
    """Where a file that a training job left is.

    Raises:
        TrainingJobNotFoundError: no such training job in this tenant.
        ArtifactNotFoundError: it left no such file, or has not ended yet.
    """
    row = read_training_job(view, training_job_id, tenant=tenant)
    found = TrainingJobRepository(view).artifact(row.id, name=name)
    if found is None:
        raise ArtifactNotFoundError(f"{row.id} left no {name}; its view lists what it left.")
    return found


def view_training_job(view: ReadView, row: TrainingJobRow) -> TrainingJobView:
    """The training job as the API answers it."""
    jobs = TrainingJobRepository(view)
    version = view.session.get_one(TableVersionRow, row.table_version_id)
    job = jobs.job_of(row)
    if job.state == JobState.SUCCEEDED and row.stages is None:
        # The job has ended between reading the one and the other.
        view.session.refresh(row)
    return TrainingJobView(
        id=row.id,
        pipeline=row.pipeline,
        commit=row.commit,
        dataset=version.dataset_name,
        version_id=version.version_id,
        version_number=version.version_number,
        table_version_id=version.id,
        frozen_table_version_id=row.frozen_id,
        flow_id=version.flow_id,
        job_id=row.job_id,
        state=JobState(job.state),
        gpus=row.gpus,
        waits_for=waits_for(view, job, kinds={TRAIN: TRAIN_KIND}),
        params=row.params if row.params is not None else row.changes,
        stages=[StageView.model_validate(stage) for stage in row.stages or []],
        metrics=row.metrics or {},
        lock_sha256=row.lock_sha256,
        artifacts=[
            ArtifactView(name=each.name, bytes=each.bytes, sha256=each.sha256)
            for each in jobs.artifacts(row.id)
        ],
        error=Problem.model_validate(job.error) if job.error else None,
        pull_request=PullRequest.model_validate(row.pull_request) if row.pull_request else None,
        created_at=row.created_at,
    )
