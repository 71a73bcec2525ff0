"""Registers what was trained, and moves aliases."""

from collections.abc import Sequence
from typing import Any

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.models import Alias, PromotionRule
from shared_lib.db.engine import WriteUnit
from svc_training.models.errors import (
    ChampionChangedError,
    ModelNotFoundError,
    NothingToRollBackError,
)
from svc_training.models.models import AliasMoveRow, ModelRow, ModelVersionRow
from svc_training.models.promotion import Promotion
from svc_training.models.repository import ModelRepository
from svc_training.tables.models import TableVersionRow
from svc_training.tables.service import read_gate
from svc_training.training_jobs.models import TrainingJobRow


class Models:
    """The models of all tenants."""

    def register(
        self,
        unit: WriteUnit,
        training: TrainingJobRow,
        *,
        version: TableVersionRow,
        promotion: Promotion,
    ) -> tuple[ModelRow, int, Alias]:
        """A new version of the model that this pipeline learns from this table.

        It becomes champion when the comparison says so, and challenger otherwise.

        Raises:
            ChampionChangedError: the champion is not the one that was compared with any more.
        """
        models = ModelRepository(unit)
        model = models.learned_by(
            training.pipeline, tenant=training.tenant, table_id=training.table_id, lock=True
        ) or models.add(_new_model(training, version=version))
        if model.champion != promotion.champion:
            raise ChampionChangedError(f"{model.name} has another champion since it was compared.")
        model.versions += 1
        models.add_version(
            ModelVersionRow(
                model_id=model.id,
                number=model.versions,
                training_job_id=training.id,
                verdict=str(read_gate(unit, version).verdict or ""),
                created_at=utc_now(),
            )
        )
        alias: Alias = "champion" if promotion.promoted else "challenger"
        _move(
            models,
            model,
            alias,
            model.versions,
            rule=promotion.rule,
            reason=promotion.reason,
            comparison=promotion.comparison.model_dump() if promotion.comparison else None,
        )
        return model, model.versions, alias

    def set_alias(
        self,
        unit: WriteUnit,
        name: str,
        *,
        tenant: str,
        subject: str,
        alias: Alias,
        version: int,
        reason: str,
    ) -> None:
        """Have an alias name a version, because a person says so.

        Raises:
            ModelNotFoundError: no such model or version in this tenant.
        """
        models = ModelRepository(unit)
        model = _hold(models, name, tenant=tenant)
        if models.version(model.id, version) is None:
            said = f"{name} has no version {version}; its newest is {model.versions}."
            raise ModelNotFoundError(said)
        if getattr(model, alias) != version:
            _move(models, model, alias, version, rule="person", reason=reason, subject=subject)

    def roll_back(
        self, unit: WriteUnit, name: str, *, tenant: str, subject: str, reason: str
    ) -> None:
        """Have the champion of before be it again.

        Raises:
            ModelNotFoundError: no such model in this tenant.
            NothingToRollBackError: there was none before.
        """
        models = ModelRepository(unit)
        model = _hold(models, name, tenant=tenant)
        before = _champion_before(models.moves(model.id))
        if before is None:
            raise NothingToRollBackError(f"No version of {name} was champion before this one.")
        _move(models, model, "champion", before, rule="rollback", reason=reason, subject=subject)


def _champion_before(moves: Sequence[AliasMoveRow]) -> int | None:
    """Who was champion before the present one, by moves from new to old; a rollback undoes one."""
    champions: list[int] = []
    for move in reversed(moves):
        if move.alias != "champion":
            continue
        if move.rule == "rollback":
            champions.pop()
        else:
            champions.append(move.version)
    return champions[-2] if len(champions) > 1 else None


def _hold(models: ModelRepository, name: str, *, tenant: str) -> ModelRow:
    model = models.named(name, tenant=tenant, lock=True)
    if model is None:
        raise ModelNotFoundError(f"There is no model {name}.")
    return model


def model_name(pipeline: str, *, version: TableVersionRow) -> str:
    """A model is named after what it learns from and by which pipeline."""
    of = [version.dataset_name]
    if version.table_name != version.dataset_name:
        of.append(version.table_name)
    return "-".join([*of, pipeline]).replace("/", "-")


def _new_model(training: TrainingJobRow, *, version: TableVersionRow) -> ModelRow:
    return ModelRow(
        id=new_id(IdKind.MODEL),
        tenant=training.tenant,
        name=model_name(training.pipeline, version=version),
        pipeline=training.pipeline,
        table_id=training.table_id,
        dataset_name=version.dataset_name,
        versions=0,
        created_at=utc_now(),
    )


def _move(
    models: ModelRepository,
    model: ModelRow,
    alias: Alias,
    version: int,
    *,
    rule: PromotionRule,
    reason: str,
    subject: str | None = None,
    comparison: dict[str, Any] | None = None,
) -> None:
    """Move an alias and keep why; a version that becomes champion is challenger no more."""
    models.add_move(
        AliasMoveRow(
            model_id=model.id,
            alias=alias,
            version=version,
            before=getattr(model, alias),
            rule=rule,
            reason=reason,
            subject=subject,
            comparison=comparison,
            at=utc_now(),
        )
    )
    setattr(model, alias, version)
    if alias == "champion" and (model.challenger == version or rule == "better"):
        model.challenger = None
