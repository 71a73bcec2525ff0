"""Reads, in one look at the database, all that a report says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from shared_lib.contracts.errors import Problem
from shared_lib.contracts.jobs import JobState
from shared_lib.contracts.models import Comparison
from shared_lib.contracts.pull_requests import PullRequest
from shared_lib.contracts.reports import (
    ReportedData,
    ReportedMetric,
    ReportedParam,
    ReportedSavings,
    ReportedSuite,
    ReportFacts,
    ReportOutcome,
)
from shared_lib.contracts.training import ArtifactView, StageView
from shared_lib.contracts.verdicts import Verdict
from shared_lib.db.engine import ReadView
from svc_training.models.models import AliasMoveRow, ModelRow
from svc_training.models.repository import ModelRepository
from svc_training.models.service import model_name
from svc_training.reports.models import ReportRow
from svc_training.tables.models import TableVersionRow
from svc_training.tables.repository import TableVersionRepository
from svc_training.tables.service import read_gate
from svc_training.training_jobs.models import TrainingJobRow
from svc_training.training_jobs.repository import TrainingJobRepository
from svc_training.triggers.models import DecisionRow
from svc_training.triggers.repository import DecisionRepository

ASKED = "asked"
_DECIDED_BY_NUMBERS = ("first", "better", "not_better", "not_comparable")
_DID_NOT_END_WELL = {
    JobState.CANCELLED: ReportOutcome.CANCELLED,
    JobState.FAILED: ReportOutcome.FAILED,
    JobState.DEAD: ReportOutcome.FAILED,
}


@dataclass(frozen=True)
class _Ending:
    """What became of it, and against which champion."""

    outcome: ReportOutcome
    reason: str
    version: int | None = None
    champion: int | None = None
    comparison: Comparison | None = None


def gather(view: ReadView, report: ReportRow) -> ReportFacts:
    """The facts of a report as they are now.

    What a version was measured against is read from the moves of that time: the alias may have
    moved on since.
    """
    training, decision = _subject(view, report)
    of = training or decision
    assert of is not None  # noqa: S101 - a report is of the one or of the other
    version = view.session.get_one(TableVersionRow, of.table_version_id)
    model = ModelRepository(view).learned_by(
        of.pipeline, tenant=report.tenant, table_id=version.table_id
    )
    ending = _ending(view, training, decision, model)
    champion = _champion(view, model, ending)
    name = model.name if model else model_name(of.pipeline, version=version)
    return ReportFacts(
        id=report.id,
        outcome=ending.outcome,
        headline=_headline(name, ending, version=version),
        reason=ending.reason,
        model=name,
        version=ending.version,
        pipeline=of.pipeline,
        commit=training.commit if training else None,
        champion=ending.champion,
        comparison=ending.comparison,
        metrics=_metrics(champion, training),
        params=_params(champion, training),
        data=_data(version),
        champion_data=_data(view.session.get_one(TableVersionRow, champion.table_version_id))
        if champion
        else None,
        stages=[StageView.model_validate(each) for each in _stages(training)],
        suites=_suites(view, version),
        verdict=read_gate(view, version).verdict,
        savings=_savings(version),
        rule=decision.rule if decision else ASKED,
        why=decision.reason if decision else "Somebody asked for it.",
        numbers=decision.numbers if decision else {},
        flow_id=version.flow_id,
        job_id=training.job_id if training else None,
        training_job_id=training.id if training else None,
        decision_id=decision.id if decision else None,
        artifacts=_artifacts(view, training),
        error=_error(view, training, ending),
        pull_request=PullRequest.model_validate(report.pull_request)
        if report.pull_request
        else None,
        created_at=report.created_at,
    )


def _subject(view: ReadView, report: ReportRow) -> tuple[TrainingJobRow | None, DecisionRow | None]:
    """The training with the decision that asked for it, or the decision not to train."""
    decisions = DecisionRepository(view)
    if report.training_job_id is None:
        return None, decisions.get(report.decision_id or "")
    training = TrainingJobRepository(view).get(report.training_job_id)
    return training, decisions.that_asked_for(report.training_job_id)


def _artifacts(view: ReadView, training: TrainingJobRow | None) -> list[ArtifactView]:
    left = TrainingJobRepository(view).artifacts(training.id) if training else []
    return [ArtifactView(name=e.name, bytes=e.bytes, sha256=e.sha256) for e in left]


def _error(view: ReadView, training: TrainingJobRow | None, ending: _Ending) -> Problem | None:
    if training is None or ending.outcome not in _DID_NOT_END_WELL.values():
        return None
    error = TrainingJobRepository(view).job_of(training).error
    return Problem.model_validate(error) if error else None


def _ending(
    view: ReadView,
    training: TrainingJobRow | None,
    decision: DecisionRow | None,
    model: ModelRow | None,
) -> _Ending:
    standing = model.champion if model else None
    if training is None:
        said = decision.reason if decision else ""
        return _Ending(ReportOutcome.REFUSED, reason=said, champion=standing)
    state = JobState(TrainingJobRepository(view).job_of(training).state)
    if state in _DID_NOT_END_WELL:
        said = "Somebody cancelled it." if state is JobState.CANCELLED else "It did not finish."
        return _Ending(_DID_NOT_END_WELL[state], reason=said, champion=standing)
    models = ModelRepository(view)
    trained = models.trained_by(training.id)
    assert trained is not None  # noqa: S101 - registered in the transaction that asked for this
    moves = list(reversed(models.moves(trained.model_id)))
    move = next(m for m in moves if m.version == trained.number and m.rule in _DECIDED_BY_NUMBERS)
    return _Ending(
        ReportOutcome(move.alias),
        reason=move.reason,
        version=trained.number,
        champion=_champion_before(moves, move),
        comparison=Comparison.model_validate(move.comparison) if move.comparison else None,
    )


def _champion_before(moves: list[AliasMoveRow], move: AliasMoveRow) -> int | None:
    """Who was champion when that move was made; `moves` from old to new."""
    champions = [each.version for each in moves if each.alias == "champion" and each.id < move.id]
    return champions[-1] if champions else None


def _champion(view: ReadView, model: ModelRow | None, ending: _Ending) -> TrainingJobRow | None:
    if model is None or ending.champion is None:
        return None
    version = ModelRepository(view).version(model.id, ending.champion)
    return TrainingJobRepository(view).get(version.training_job_id) if version else None


def _headline(name: str, ending: _Ending, *, version: TableVersionRow) -> str:
    data = f"{version.dataset_name} v{version.version_number}"
    trained = f"{name} v{ending.version}"
    if ending.outcome is ReportOutcome.CHAMPION:
        instead = f" instead of v{ending.champion}" if ending.champion else ""
        return f"{trained} is champion{instead}"
    return {
        ReportOutcome.CHALLENGER: f"{trained} is challenger; v{ending.champion} stays champion",
        ReportOutcome.FAILED: f"{name} could not be trained on {data}",
        ReportOutcome.CANCELLED: f"The training of {name} on {data} was cancelled",
        ReportOutcome.REFUSED: f"{name} was not trained on {data}",
    }[ending.outcome]


def _metrics(
    champion: TrainingJobRow | None, training: TrainingJobRow | None
) -> list[ReportedMetric]:
    before = (champion.metrics or {}) if champion else {}
    now = (training.metrics or {}) if training else {}
    return [
        ReportedMetric(name=name, champion=before.get(name), current=now.get(name))
        for name in dict.fromkeys([*now, *before])
    ]


def _params(
    champion: TrainingJobRow | None, training: TrainingJobRow | None
) -> list[ReportedParam]:
    """Those that differ; nothing when there is no champion, or nothing was trained."""
    if champion is None or training is None or training.params is None:
        return []
    before, now = flat(champion.params or {}), flat(training.params)
    return [
        ReportedParam(name=name, champion=before.get(name), current=now.get(name))
        for name in sorted({*before, *now})
        if name not in before or name not in now or before[name] != now[name]
    ]


def flat(params: Mapping[str, Any], *, prefix: str = "") -> dict[str, JsonValue]:
    """Params by their dotted names: `{"a": {"b": 1}}` is `{"a.b": 1}`."""
    found: dict[str, JsonValue] = {}
    for name, value in params.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, prefix=f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def _data(version: TableVersionRow) -> ReportedData:
    return ReportedData(
        dataset=version.dataset_name,
        version_number=version.version_number,
        version_id=version.version_id,
        table_version_id=version.id,
        rows=version.rows,
        columns=version.columns,
    )


def _stages(training: TrainingJobRow | None) -> list[dict[str, Any]]:
    return (training.stages or []) if training else []


def _suites(view: ReadView, version: TableVersionRow) -> list[ReportedSuite]:
    return [
        ReportedSuite(
            suite=row.suite_name,
            judgement_id=row.id,
            verdict=Verdict(row.verdict) if row.verdict else None,
            reasons=row.reasons,
        )
        for row in TableVersionRepository(view).verdicts(version.id)
    ]


def _savings(version: TableVersionRow) -> ReportedSavings | None:
    if version.bytes_in is None or version.bytes_out is None:
        return None
    return ReportedSavings(
        bytes_before=version.bytes_in,
        bytes_after=version.bytes_out,
        quarantined_rows=version.quarantined_rows or 0,
    )
