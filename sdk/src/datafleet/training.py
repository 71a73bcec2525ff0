"""Pipelines, triggers and models: what is trained, when, and what came of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datafleet.addresses import address
from datafleet.downloads import Download, Progress, download
from datafleet.pages import read_items
from datafleet.transport import Transport
from shared_lib.contracts.base import Page
from shared_lib.contracts.models import (
    Alias,
    AliasMove,
    AliasSet,
    ModelVersionView,
    ModelView,
    Rollback,
)
from shared_lib.contracts.plans import Resources
from shared_lib.contracts.pull_requests import PullRequest
from shared_lib.contracts.reports import ReportFacts
from shared_lib.contracts.training import (
    DecisionView,
    PipelineView,
    TrainingJobCreate,
    TrainingJobView,
    TriggerCreate,
    TriggerView,
)

_PIPELINES = "/v1/pipelines"
_TRAINING_JOBS = "/v1/training-jobs"
_TRIGGERS = "/v1/triggers"
_MODELS = "/v1/models"


class Pipelines:
    """`/v1/pipelines`.

    Every method raises `FleetApiError` when the fleet answers with a problem and
    `UnreachableError` when nobody answers.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, limit: int | None = None) -> Iterator[PipelineView]:
        """What can be trained, by name."""
        return read_items(self._transport, _PIPELINES, item=PipelineView, limit=limit)

    def train(
        self,
        pipeline: str,
        *,
        table_version: str,
        params: dict[str, Any] | None = None,
        pull_request: PullRequest | None = None,
        gpu: int | None = None,
    ) -> TrainingJobView:
        """Train now, on a table version that the gate let pass; its job is `job_id`.

        `gpu` is 0 or 1; left out it is what the pipeline's stages ask for.
        """
        body = TrainingJobCreate(
            pipeline=pipeline,
            table_version=table_version,
            params=params or {},
            pull_request=pull_request,
            resources=None if gpu is None else Resources(gpu=gpu),
        )
        return self._transport.post(_TRAINING_JOBS, answers=TrainingJobView, body=body)

    def training(self, training_job_id: str) -> TrainingJobView:
        """A training: what ran, what came from the cache, metrics, artifacts."""
        return self._transport.get(
            address(_TRAINING_JOBS, training_job_id), answers=TrainingJobView
        )

    def report(self, subject_id: str) -> ReportFacts:
        """What became of a training, or of a decision not to train, as facts."""
        return self._transport.get(_report_of(subject_id), answers=ReportFacts)

    def report_markdown(self, subject_id: str) -> str:
        """The same as Markdown, as a pull request is told."""
        path = _report_of(subject_id)
        answer = self._transport.send_once("GET", path, params={"as": "markdown"})
        return answer.text


def _report_of(subject_id: str) -> str:
    if subject_id.startswith("td_"):
        return address(_TRIGGERS, "decisions", subject_id, "report")
    return address(_TRAINING_JOBS, subject_id, "report")


class Triggers:
    """`/v1/triggers`; errors as in `Pipelines`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, limit: int | None = None) -> Iterator[TriggerView]:
        """Your triggers, newest first."""
        return read_items(self._transport, _TRIGGERS, item=TriggerView, limit=limit)

    def create(self, trigger: TriggerCreate) -> TriggerView:
        """Train a pipeline when a version of a dataset has passed, by the clock, or both."""
        return self._transport.post(_TRIGGERS, answers=TriggerView, body=trigger)

    def ask(self, trigger_id: str) -> Page[DecisionView]:
        """Train now on the newest judged version of each of its tables, unless the gate failed."""
        path = address(_TRIGGERS, trigger_id, "decisions")
        return self._transport.post(path, answers=Page[DecisionView], body=None)

    def delete(self, trigger_id: str) -> TriggerView:
        """Ask it no more; what it decided stays."""
        return self._transport.delete(address(_TRIGGERS, trigger_id), answers=TriggerView)

    def decisions(
        self, *, table_version: str | None = None, limit: int | None = None
    ) -> Iterator[DecisionView]:
        """What triggers decided, newest first: to train or not, and why."""
        return read_items(
            self._transport,
            f"{_TRIGGERS}/decisions",
            item=DecisionView,
            params={"table_version": table_version},
            limit=limit,
        )


class Models:
    """`/v1/models`; errors as in `Pipelines`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, limit: int | None = None) -> Iterator[ModelView]:
        """Your models, newest first."""
        return read_items(self._transport, _MODELS, item=ModelView, limit=limit)

    def read(self, model: str) -> ModelView:
        """A model: how many versions, who is champion and challenger."""
        return self._transport.get(address(_MODELS, model), answers=ModelView)

    def versions(self, model: str) -> Iterator[ModelVersionView]:
        """All versions, newest first."""
        path = address(_MODELS, model, "versions")
        return read_items(self._transport, path, item=ModelVersionView)

    def version(self, model: str, version: int | Alias = "champion") -> ModelVersionView:
        """A version with all it came from, by its number or an alias."""
        path = address(_MODELS, model, "versions", str(version))
        return self._transport.get(path, answers=ModelVersionView)

    def moves(self, model: str) -> Iterator[AliasMove]:
        """How the aliases moved and why, newest first."""
        return read_items(self._transport, address(_MODELS, model, "moves"), item=AliasMove)

    def set_alias(self, model: str, alias: Alias, *, version: int, reason: str) -> ModelView:
        """Have an alias name a version; kept with your name."""
        body = AliasSet(version=version, reason=reason)
        path = address(_MODELS, model, "aliases", alias)
        return self._transport.put(path, answers=ModelView, body=body)

    def roll_back(self, model: str, *, reason: str) -> ModelView:
        """The champion of before is champion again."""
        path = address(_MODELS, model, "rollback")
        return self._transport.post(path, answers=ModelView, body=Rollback(reason=reason))

    def download(
        self,
        model: str,
        name: str,
        *,
        to: Path | str,
        version: int | Alias = "champion",
        progress: Progress | None = None,
    ) -> Download:
        """One file of a version, such as `models/model.skops`, proved by its digest.

        Raises:
            TransferDamagedError: the bytes do not have their digest.
            OSError: the file cannot be written.
        """
        path = address(_MODELS, model, "versions", str(version), "artifacts", *name.split("/"))
        return download(self._transport, path, to=Path(to), progress=progress)
