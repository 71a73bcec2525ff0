"""Models as the API answers them."""

from typing import Literal, cast

from shared_lib.contracts.models import (
    Alias,
    AliasMove,
    Comparison,
    ModelVersionView,
    ModelView,
    PromotionRule,
)
from shared_lib.contracts.training import ArtifactView
from shared_lib.db.engine import ReadView
from svc_training.models.errors import ModelNotFoundError
from svc_training.models.models import AliasMoveRow, ModelRow, ModelVersionRow
from svc_training.models.repository import ModelRepository
from svc_training.tables.models import TableVersionRow
from svc_training.training_jobs.repository import TrainingJobRepository

ALIASES: tuple[Alias, ...] = ("champion", "challenger")


def read_model(view: ReadView, name: str, *, tenant: str) -> ModelRow:
    """A model by its name.

    Raises:
        ModelNotFoundError: no such model in this tenant.
    """
    model = ModelRepository(view).named(name, tenant=tenant)
    if model is None:
        raise ModelNotFoundError(f"There is no model {name}.")
    return model


def read_version(view: ReadView, name: str, version: str, *, tenant: str) -> ModelVersionRow:
    """A version by its number or by an alias.

    Raises:
        ModelNotFoundError: no such model, version or alias in this tenant.
    """
    model = read_model(view, name, tenant=tenant)
    number = getattr(model, version) if version in ALIASES else None
    if version.isdecimal() and len(version) < 9:
        number = int(version)
    found = ModelRepository(view).version(model.id, number) if number is not None else None
    if found is None:
        raise ModelNotFoundError(
            f"{name} has no version {version!r}; say a number up to {model.versions}, champion or "
            "challenger."
        )
    return found


def view_model(row: ModelRow) -> ModelView:
    """The model as the API answers it."""
    return ModelView(
        name=row.name,
        pipeline=row.pipeline,
        dataset=row.dataset_name,
        versions=row.versions,
        champion=row.champion,
        challenger=row.challenger,
        created_at=row.created_at,
    )


def view_version(view: ReadView, row: ModelVersionRow) -> ModelVersionView:
    """A version with all it came from."""
    jobs = TrainingJobRepository(view)
    model = view.session.get_one(ModelRow, row.model_id)
    training = jobs.get(row.training_job_id)
    assert training is not None  # noqa: S101 - a foreign key says so
    table = view.session.get_one(TableVersionRow, training.table_version_id)
    return ModelVersionView(
        model=model.name,
        version=row.number,
        aliases=[alias for alias in ALIASES if getattr(model, alias) == row.number],
        training_job_id=training.id,
        job_id=training.job_id,
        pipeline=training.pipeline,
        commit=training.commit or "",
        lock_sha256=training.lock_sha256 or "",
        dataset=table.dataset_name,
        data_version=table.version_number,
        table_version_id=table.id,
        test_table_version_id=training.frozen_id,
        flow_id=table.flow_id,
        verdict=row.verdict,
        metrics=training.metrics or {},
        artifacts=[
            ArtifactView(name=each.name, bytes=each.bytes, sha256=each.sha256)
            for each in jobs.artifacts(training.id)
        ],
        created_at=row.created_at,
    )


def view_move(row: AliasMoveRow) -> AliasMove:
    """Why an alias moved."""
    return AliasMove(
        alias=cast("Literal['champion', 'challenger']", row.alias),
        version=row.version,
        before=row.before,
        rule=cast("PromotionRule", row.rule),
        reason=row.reason,
        subject=row.subject,
        comparison=Comparison.model_validate(row.comparison) if row.comparison else None,
        at=row.at,
    )
