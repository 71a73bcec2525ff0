"""Triggers and decisions as the API answers them."""

from datetime import datetime
from typing import cast

from shared_lib.contracts.plans import Resources
from shared_lib.contracts.pull_requests import PullRequest
from shared_lib.contracts.training import DecisionRule, DecisionView, TriggerView
from shared_lib.db.engine import ReadView
from svc_training.tables.models import TableVersionRow
from svc_training.triggers.models import DUE, DecisionRow, TriggerRow


def view_trigger(row: TriggerRow) -> TriggerView:
    """The trigger as the API answers it."""
    return TriggerView(
        id=row.id,
        dataset=row.dataset_name,
        table=row.table_name,
        pipeline=row.pipeline,
        params=row.changes,
        schedule=row.schedule,
        next_at=row.due_at,
        on_new_data=row.on_new_data,
        min_rows=row.min_rows,
        min_interval_s=row.min_interval_s,
        on_warned=row.on_warned,
        pull_request=PullRequest.model_validate(row.pull_request) if row.pull_request else None,
        resources=None if row.gpus is None else Resources(gpu=row.gpus),
        created_at=row.created_at,
    )


def view_decision(view: ReadView, row: DecisionRow) -> DecisionView:
    """The decision as the API answers it."""
    version = view.session.get_one(TableVersionRow, row.table_version_id)
    return DecisionView(
        id=row.id,
        trigger_id=row.trigger_id,
        pipeline=row.pipeline,
        dataset=version.dataset_name,
        version_id=version.version_id,
        version_number=version.version_number,
        table_version_id=version.id,
        flow_id=version.flow_id,
        train=row.train,
        rule=cast("DecisionRule", row.rule),
        reason=row.reason,
        numbers=row.numbers,
        due_at=datetime.fromisoformat(row.occasion.removeprefix(DUE))
        if row.occasion.startswith(DUE)
        else None,
        training_job_id=row.training_job_id,
        created_at=row.created_at,
    )
