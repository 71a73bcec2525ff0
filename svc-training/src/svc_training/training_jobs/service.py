"""Asking for training jobs, and keeping what they left."""

from collections.abc import Mapping
from typing import Any

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.events import TRAINING_FINISHED, TrainingFinished
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.training import StageOutcome, StageView
from shared_lib.db.engine import WriteUnit
from shared_lib.events.outbox import emit
from shared_lib.jobs.queue import JobQueue
from shared_lib.jobs.runtime import Runtime
from shared_lib.storage import StoredObject
from svc_training.models.promotion import Promotion
from svc_training.models.service import Models
from svc_training.reports.service import Reports
from svc_training.requests import TRAIN
from svc_training.tables.models import TableVersionRow
from svc_training.tables.repository import TableVersionRepository
from svc_training.training_jobs.models import ArtifactRow, TrainingJobRow
from svc_training.training_jobs.repository import TrainingJobRepository
from svc_training.workspaces.results import Results


class TrainingJobs:
    """The training jobs of all tenants."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._queue = JobQueue(runtime)

    def request(
        self,
        unit: WriteUnit,
        *,
        pipeline: str,
        version: TableVersionRow,
        changes: Mapping[str, Any],
        gpus: int | None = None,
        commit: str | None = None,
        pull_request: dict[str, Any] | None = None,
    ) -> TrainingJobRow:
        """Train a pipeline on a version that the gate let pass.

        The first version of a table that a pipeline is trained on gives the test rows, then and in
        every later training: so any two models of it can be compared on the same rows. `changes`
        are params by their dotted names; without a commit the job takes the newest. Without `gpus`
        it finds out by itself what the pipeline asks for.
        """
        jobs, training_job_id = TrainingJobRepository(unit), new_id(IdKind.TRAINING_JOB)
        first = jobs.edge(pipeline, tenant=version.tenant, table_id=version.table_id, first=True)
        job = self._queue.request(
            unit,
            kind=TRAIN,
            tenant=version.tenant,
            params={"training_job_id": training_job_id},
            subject_id=version.file_id,
            flow_id=version.flow_id,
            on_gpu=bool(gpus),
        )
        return jobs.add(
            TrainingJobRow(
                id=training_job_id,
                tenant=version.tenant,
                pipeline=pipeline,
                table_id=version.table_id,
                table_version_id=version.id,
                frozen_id=first.frozen_id if first else version.id,
                job_id=job.id,
                commit=commit,
                changes=dict(changes),
                pull_request=pull_request,
                gpus=gpus,
                created_at=utc_now(),
            )
        )

    def publish(
        self,
        unit: WriteUnit,
        *,
        training_job_id: str,
        results: Results,
        promotion: Promotion,
        objects: Mapping[str, StoredObject],
    ) -> None:
        """Write the results and tell of them; runs in the transaction that ends the job."""
        jobs = TrainingJobRepository(unit)
        row = jobs.get(training_job_id)
        version = TableVersionRepository(unit).get(row.table_version_id) if row else None
        assert row is not None  # noqa: S101 - its job is being ended
        assert version is not None  # noqa: S101 - a foreign key says so
        row.params, row.metrics = results.params, dict(results.metrics)
        row.stages = [stage.model_dump(mode="json") for stage in _stages(results)]
        row.lock_sha256 = results.lock_sha256
        for name, stored in objects.items():
            jobs.add_artifact(
                ArtifactRow(
                    training_job_id=row.id,
                    name=name,
                    object_key=stored.key,
                    bytes=stored.bytes,
                    sha256=stored.sha256,
                )
            )
        model, number, alias = Models().register(unit, row, version=version, promotion=promotion)
        finished = TrainingFinished(
            training_job_id=row.id,
            job_id=row.job_id,
            pipeline=row.pipeline,
            commit=row.commit or "",
            dataset_name=version.dataset_name,
            version_id=version.version_id,
            file_id=version.file_id,
            table_version_id=version.id,
            metrics=results.metrics,
            stages_run=len(results.ran),
            stages_cached=len(results.cached),
            model=model.name,
            model_version=number,
            alias=alias,
            promotion=promotion.reason,
        )
        self._tell_finished(unit, finished, version=version)
        Reports(self._runtime).request_of_training(unit, row)

    def _tell_finished(
        self, unit: WriteUnit, finished: TrainingFinished, *, version: TableVersionRow
    ) -> None:
        emit(
            unit,
            spec=TRAINING_FINISHED,
            payload=finished,
            producer=self._runtime.name,
            tenant=version.tenant,
            flow_id=version.flow_id,
            doorbell=self._runtime.doorbell,
        )


def _stages(results: Results) -> list[StageView]:
    """Cached ones first: a stage that ran comes after all that it is made of."""
    cached = [StageView(name=name, outcome=StageOutcome.CACHED) for name in results.cached]
    ran = [
        StageView(name=run.name, outcome=StageOutcome.RAN, device=run.device, seconds=run.seconds)
        for run in results.ran
    ]
    return cached + ran
