"""Asks a flow's plan and a dataset's triggers: at each verdict, by the clock, or for a person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from shared_lib.contracts.base import format_utc, utc_now
from shared_lib.contracts.events import TRAINING_DECIDED, TrainingDecided, TrainingDecision
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.plans import FlowPlan
from shared_lib.contracts.training import TriggerCreate
from shared_lib.contracts.verdicts import Verdict
from shared_lib.db.engine import WriteUnit
from shared_lib.events.outbox import emit
from shared_lib.faults import crash_point
from shared_lib.jobs.runtime import Runtime
from svc_training.reports.service import Reports
from svc_training.reports.views import is_reported
from svc_training.tables.gate import Gate
from svc_training.tables.models import TableVersionRow
from svc_training.tables.repository import TableVersionRepository
from svc_training.tables.service import find_judged, read_gate
from svc_training.training_jobs.models import TrainingJobRow
from svc_training.training_jobs.repository import TrainingJobRepository
from svc_training.training_jobs.service import TrainingJobs
from svc_training.triggers.errors import NothingJudgedError, TriggerNotFoundError
from svc_training.triggers.models import DUE, DecisionRow, TriggerRow
from svc_training.triggers.repository import DecisionRepository, TriggerRepository
from svc_training.triggers.rules import (
    Decision,
    LastTraining,
    Wish,
    decide,
    decide_asked,
    decide_due,
)
from svc_training.triggers.schedules import next_time

_NOT_TOLD = ("nothing_new",)
"""Rules that say nothing to a pull request: what they would cover is what it has to say."""

Rule = Callable[[TableVersionRow, Gate], Decision]


@dataclass(frozen=True)
class Wanted:
    """What a trigger, or the flow's own plan, wants trained, and which pull request is told."""

    pipeline: str
    changes: Mapping[str, Any]
    gpus: int | None
    tell: dict[str, Any] | None
    trigger_id: str | None = None
    occasion: str = ""

    @classmethod
    def by(cls, trigger: TriggerRow, *, occasion: str = "") -> "Wanted":
        """What that trigger wants."""
        return cls(
            pipeline=trigger.pipeline,
            changes=trigger.changes,
            gpus=trigger.gpus,
            tell=trigger.pull_request,
            trigger_id=trigger.id,
            occasion=occasion,
        )


class Triggers:
    """The triggers of all tenants."""

    def __init__(self, runtime: Runtime, *, training_jobs: TrainingJobs) -> None:
        self._runtime = runtime
        self._training_jobs = training_jobs
        self._reports = Reports(runtime)

    def create(self, unit: WriteUnit, *, tenant: str, body: TriggerCreate) -> TriggerRow:
        """A new trigger; it is asked from the next judged version, or the next time, on.

        Raises:
            ScheduleInvalidError: its schedule is none.
        """
        now, schedule = utc_now(), body.schedule
        return TriggerRepository(unit).add(
            TriggerRow(
                id=new_id(IdKind.TRIGGER),
                tenant=tenant,
                dataset_name=body.dataset,
                table_name=body.table,
                pipeline=body.pipeline,
                changes=dict(body.params),
                min_rows=body.min_rows,
                min_interval_s=body.min_interval_s,
                on_warned=body.on_warned,
                pull_request=body.pull_request.model_dump() if body.pull_request else None,
                gpus=body.resources.gpu if body.resources else None,
                schedule=schedule,
                due_at=None if schedule is None else next_time(schedule, after=now),
                on_new_data=schedule is None if body.on_new_data is None else body.on_new_data,
                created_at=now,
            )
        )

    def delete(self, unit: WriteUnit, trigger_id: str, *, tenant: str) -> TriggerRow:
        """Ask it no more; its decisions stay.

        Raises:
            TriggerNotFoundError: no such trigger in this tenant, or it is deleted.
        """
        row = _find(unit, trigger_id, tenant=tenant)
        row.deleted_at, row.due_at = utc_now(), None
        return row

    def fire(self, unit: WriteUnit, trigger_id: str, *, due_at: datetime, now: datetime) -> None:
        """Have a trigger decide for a time of its schedule that has come, if nobody has yet.

        However many times have passed since, it decides once; the next one lies after `now`.
        """
        triggers = TriggerRepository(unit)
        schedule = triggers.schedule_of(trigger_id)
        trigger = schedule and triggers.take_due(
            trigger_id, due_at=due_at, next_at=next_time(schedule, after=now)
        )
        if not trigger:
            return
        crash_point("training.schedules.taken")
        self._decide_on_newest(
            unit,
            trigger,
            occasion=f"{DUE}{format_utc(due_at)}",
            rule=lambda version, gate: decide_due(
                _wish(trigger),
                due_at=due_at,
                verdict=gate.verdict,
                reasons=gate.reasons,
                rows=version.rows,
                last=_last_training(unit, trigger, version=version),
                now=now,
            ),
        )

    def ask(self, unit: WriteUnit, trigger_id: str, *, tenant: str) -> list[DecisionRow]:
        """Have a trigger train on the newest judged version of each of its tables now.

        Raises:
            TriggerNotFoundError: no such trigger in this tenant, or it is deleted.
            NothingJudgedError: no version of its dataset has been judged.
        """
        trigger = _find(unit, trigger_id, tenant=tenant)
        made = self._decide_on_newest(
            unit,
            trigger,
            occasion=f"asked {new_id(IdKind.TRAINING_DECISION)}",
            rule=lambda version, gate: decide_asked(
                "Somebody", verdict=gate.verdict, reasons=gate.reasons, rows=version.rows
            ),
        )
        if not made:
            raise NothingJudgedError(
                f"No version of {trigger.dataset_name} has been judged yet. Land one, and wait for "
                "its verdict: `fleet flow list` says where it stands."
            )
        return made

    def on_settled(self, unit: WriteUnit, version: TableVersionRow, gate: Gate) -> None:
        """Have the flow's plan and every trigger on the version decide, and tell what they said."""
        wanted = [self._planned(unit, version=version, gate=gate)]
        wanted += [
            self._ask(unit, each, version=version, gate=gate)
            for each in TriggerRepository(unit).bound_to(
                version.dataset_name, tenant=version.tenant, table=version.table_name
            )
        ]
        self._tell(unit, [row for row in wanted if row is not None], version=version, gate=gate)

    def _decide_on_newest(
        self, unit: WriteUnit, trigger: TriggerRow, *, occasion: str, rule: Rule
    ) -> list[DecisionRow]:
        made = []
        for version in find_judged(
            unit, trigger.dataset_name, tenant=trigger.tenant, table=trigger.table_name
        ):
            # Held: a verdict on the same version, which is decided upon too, waits or is seen.
            TableVersionRepository(unit).lock_gate(version.id)
            gate = read_gate(unit, version)
            decision = self._keep(
                unit,
                rule(version, gate),
                version=version,
                gate=gate,
                wanted=Wanted.by(trigger, occasion=occasion),
            )
            self._tell(unit, [decision], version=version, gate=gate)
            made.append(decision)
        return made

    def _tell(
        self, unit: WriteUnit, rows: list[DecisionRow], *, version: TableVersionRow, gate: Gate
    ) -> None:
        emit(
            unit,
            spec=TRAINING_DECIDED,
            payload=TrainingDecided(
                version_id=version.version_id,
                file_id=version.file_id,
                table_version_id=version.id,
                decisions=[_told(unit, row) for row in rows],
                revision=gate.revision,
            ),
            producer=self._runtime.name,
            tenant=version.tenant,
            flow_id=version.flow_id,
            doorbell=self._runtime.doorbell,
        )

    def _planned(
        self, unit: WriteUnit, *, version: TableVersionRow, gate: Gate
    ) -> DecisionRow | None:
        """What becomes of the pipeline that the flow asked for; None when it asked for none."""
        plan = FlowPlan.model_validate(version.plan or {})
        if plan.pipeline is None or DecisionRepository(unit).has_trained(
            None, table_version_id=version.id
        ):
            return None
        return self._keep(
            unit,
            decide_asked("The flow", verdict=gate.verdict, reasons=gate.reasons, rows=version.rows),
            version=version,
            gate=gate,
            wanted=Wanted(
                pipeline=plan.pipeline,
                changes=plan.params,
                gpus=plan.resources.gpu if plan.resources else None,
                tell=plan.pull_request.model_dump() if plan.pull_request else None,
            ),
        )

    def _ask(
        self, unit: WriteUnit, trigger: TriggerRow, *, version: TableVersionRow, gate: Gate
    ) -> DecisionRow | None:
        """The trigger's decision; None when it, or the plan, has the version trained on already."""
        planned = FlowPlan.model_validate(version.plan or {}).pipeline == trigger.pipeline
        if planned or DecisionRepository(unit).has_trained(trigger.id, table_version_id=version.id):
            return None
        decision = decide(
            _wish(trigger),
            verdict=gate.verdict,
            reasons=gate.reasons,
            rows=version.rows,
            last=_last_training(unit, trigger, version=version),
            now=utc_now(),
        )
        return self._keep(unit, decision, version=version, gate=gate, wanted=Wanted.by(trigger))

    def _keep(
        self,
        unit: WriteUnit,
        decision: Decision,
        *,
        version: TableVersionRow,
        gate: Gate,
        wanted: Wanted,
    ) -> DecisionRow:
        """Write the decision with what follows: the training job, or a report of the refusal."""
        training: TrainingJobRow | None = None
        if decision.train:
            training = self._training_jobs.request(
                unit,
                pipeline=wanted.pipeline,
                version=version,
                changes=wanted.changes,
                gpus=wanted.gpus,
                pull_request=wanted.tell,
            )
        made = DecisionRepository(unit).add(
            DecisionRow(
                id=new_id(IdKind.TRAINING_DECISION),
                tenant=version.tenant,
                trigger_id=wanted.trigger_id,
                pipeline=wanted.pipeline,
                table_version_id=version.id,
                revision=gate.revision,
                occasion=wanted.occasion,
                train=decision.train,
                rule=decision.rule,
                reason=decision.reason,
                numbers=decision.numbers,
                training_job_id=training.id if training else None,
                created_at=utc_now(),
            )
        )
        if not made.train and wanted.tell is not None and made.rule not in _NOT_TOLD:
            self._reports.request_of_decision(unit, made, pull_request=wanted.tell)
        return made


def _find(unit: WriteUnit, trigger_id: str, *, tenant: str) -> TriggerRow:
    row = TriggerRepository(unit).find(trigger_id, tenant=tenant)
    if row is None or row.deleted_at is not None:
        raise TriggerNotFoundError(f"There is no trigger {trigger_id}.")
    return row


def _wish(trigger: TriggerRow) -> Wish:
    return Wish(
        min_rows=trigger.min_rows,
        min_interval_s=trigger.min_interval_s,
        on_warned=trigger.on_warned,
    )


def _told(unit: WriteUnit, row: DecisionRow) -> TrainingDecision:
    training = TrainingJobRepository(unit).get(row.training_job_id or "")
    report: Literal["never", "when_trained", "always"] = "when_trained"
    if training is None:
        report = "always" if is_reported(unit, row.id, tenant=row.tenant) else "never"
    elif training.pull_request is not None:
        report = "always"
    return TrainingDecision(
        decision_id=row.id,
        trigger_id=row.trigger_id,
        pipeline=row.pipeline,
        train=row.train,
        rule=row.rule,
        reason=row.reason,
        training_job_id=row.training_job_id,
        job_id=training.job_id if training else None,
        report=report,
    )


def _last_training(
    unit: WriteUnit, trigger: TriggerRow, *, version: TableVersionRow
) -> LastTraining | None:
    last = TrainingJobRepository(unit).edge(
        trigger.pipeline, tenant=version.tenant, table_id=version.table_id, first=False
    )
    if last is None:
        return None
    since = TableVersionRepository(unit).since(version, after=last.table_version_id)
    usable = {Verdict.PASSED, Verdict.WARNED}
    return LastTraining(
        at=last.created_at,
        rows_since=sum(each.rows for each in since if read_gate(unit, each).verdict in usable),
    )
