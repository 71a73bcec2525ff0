"""All SQL on training jobs."""

from collections.abc import Iterable

from sqlalchemy import select

from shared_lib.db import Repository
from shared_lib.jobs.models import JobRow
from svc_training.training_jobs.models import ArtifactRow, TrainingJobRow


class TrainingJobRepository(Repository[TrainingJobRow]):
    """Rows of training jobs and their artifacts."""

    model = TrainingJobRow

    def get(self, training_job_id: str) -> TrainingJobRow | None:
        """A training job of any tenant, for its own job."""
        return self.session.get(TrainingJobRow, training_job_id)

    def job_of(self, row: TrainingJobRow) -> JobRow:
        """The job that trains."""
        return self.session.get_one(JobRow, row.job_id)

    def edge(
        self, pipeline: str, *, tenant: str, table_id: str, first: bool
    ) -> TrainingJobRow | None:
        """The first or the last training of a pipeline on a table."""
        query = self.of_tenant(tenant).where(
            TrainingJobRow.pipeline == pipeline, TrainingJobRow.table_id == table_id
        )
        order = TrainingJobRow.id if first else TrainingJobRow.id.desc()
        found: TrainingJobRow | None = self.session.scalar(query.order_by(order).limit(1))
        return found

    def add_artifact(self, row: ArtifactRow) -> None:
        """Name a file; from the commit on it can be read."""
        self.session.add(row)

    def artifacts(self, training_job_id: str) -> list[ArtifactRow]:
        """What a training job left, by name."""
        query = select(ArtifactRow).where(ArtifactRow.training_job_id == training_job_id)
        return list(self.session.scalars(query.order_by(ArtifactRow.name)))

    def artifact(self, training_job_id: str, *, name: str) -> ArtifactRow | None:
        """One of these files."""
        return self.session.get(ArtifactRow, (training_job_id, name))

    def named(self, keys: Iterable[str]) -> set[str]:
        """Which of these object keys an artifact names."""
        query = select(ArtifactRow.object_key).where(ArtifactRow.object_key.in_(list(keys)))
        return set(self.session.scalars(query))
