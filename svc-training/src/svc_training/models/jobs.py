"""The comparison with the champion, inside the job that has trained a challenger."""

from pathlib import Path

from shared_lib.jobs import JobContext
from svc_training.models.comparing import compare
from svc_training.models.promotion import FIRST, Promotion
from svc_training.models.repository import ModelRepository
from svc_training.training_jobs.models import TrainingJobRow
from svc_training.training_jobs.repository import TrainingJobRepository

PREDICTIONS = "predictions.parquet"


def compare_with_champion(
    context: JobContext, training: TrainingJobRow, *, challenger: Path | None, margin: float
) -> Promotion:
    """What becomes of the version that this job has trained.

    Args:
        context: of the job.
        training: what it has trained.
        challenger: its predictions of the test rows; None when the pipeline left none.
        margin: the share of the champion's mean loss by which it must be better.
    """
    with context.runtime.database.read() as view:
        models = ModelRepository(view)
        model = models.learned_by(
            training.pipeline, tenant=training.tenant, table_id=training.table_id
        )
        if model is None or model.champion is None:
            return FIRST
        version, number = models.version(model.id, model.champion), model.champion
        assert version is not None  # noqa: S101 - an alias names a version
        kept = TrainingJobRepository(view).artifact(version.training_job_id, name=PREDICTIONS)
    if kept is None or challenger is None:
        whose = f"champion v{number}" if kept is None else "this version"
        said = f"The pipeline left no {PREDICTIONS} for {whose}, so the two cannot be compared."
        return Promotion(promoted=False, rule="not_comparable", reason=said, champion=number)
    champion = context.scratch / "champion.parquet"
    context.runtime.store.get_file(kept.object_key, champion)
    return compare(champion, challenger, champion_version=number, margin=margin)
