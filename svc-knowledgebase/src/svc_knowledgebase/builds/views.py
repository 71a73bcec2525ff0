"""Builds as the API answers them."""

from shared_lib.contracts.errors import Problem
from shared_lib.contracts.groups import GroupingView
from shared_lib.contracts.jobs import JobState
from shared_lib.contracts.knowledge import (
    BuildChanges,
    BuildCounts,
    BuildOptions,
    BuildView,
    EmbeddingFacts,
    EmbeddingView,
    Selection,
)
from shared_lib.db.engine import ReadView
from shared_lib.jobs.models import JobRow
from svc_knowledgebase.bases.repository import KnowledgeBaseRepository
from svc_knowledgebase.builds.models import BuildRow
from svc_knowledgebase.builds.repository import BuildRepository
from svc_knowledgebase.sources.repository import LandedVersionRepository


def view_build(view: ReadView, build_id: str) -> BuildView:
    """The build as the API answers it."""
    builds = BuildRepository(view)
    row = view.session.get_one(BuildRow, build_id)
    base, job = KnowledgeBaseRepository(view).get(row.base_id), builds.job_of(row)
    if job.state == JobState.SUCCEEDED and row.counts is None:
        # The job has ended between reading the one and the other.
        view.session.refresh(row)
    version = LandedVersionRepository(view).get(row.version_id)
    return BuildView(
        id=row.id,
        base_id=base.id,
        base_name=base.name,
        number=row.number,
        dataset=version.dataset_name,
        version_id=version.id,
        version_number=version.number,
        job_id=row.job_id,
        flow_id=version.flow_id,
        state=JobState(job.state),
        selection=Selection.model_validate(row.selection),
        options=BuildOptions.model_validate(row.options),
        counts=BuildCounts.model_validate(row.counts) if row.counts else None,
        changes=BuildChanges.model_validate(row.changes) if row.changes else None,
        embedding=view_embedding(view, row),
        grouping=view_grouping(view, row.id),
        error=Problem.model_validate(job.error) if job.error else None,
        created_at=row.created_at,
    )


def view_embedding(view: ReadView, row: BuildRow) -> EmbeddingView | None:
    """Where the embedding of a build stands; None where nobody has asked for it."""
    if row.embed_job_id is None:
        return None
    job = view.session.get_one(JobRow, row.embed_job_id)
    return EmbeddingView(
        job_id=job.id,
        state=JobState(job.state),
        facts=EmbeddingFacts.model_validate(row.embedding) if row.embedding else None,
        error=Problem.model_validate(job.error) if job.error else None,
    )


def view_grouping(view: ReadView, build_id: str) -> GroupingView | None:
    """Where the grouping of a build stands; None where nobody has asked for it."""
    row = view.session.get(BuildRow, build_id)
    if row is None or row.group_job_id is None:
        return None
    job = view.session.get_one(JobRow, row.group_job_id)
    return GroupingView(
        job_id=job.id,
        state=JobState(job.state),
        error=Problem.model_validate(job.error) if job.error else None,
    )
